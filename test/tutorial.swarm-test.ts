import assert from "node:assert/strict";
import type { Lab } from "../lab/lab.ts";
import type { LabNode } from "../lab/nodes/node.ts";
import {
  engineOf,
  LabService,
  removeLeftovers,
  removeVolume,
  sharedFolderVolume,
  until,
  volumeNames,
  type TaskTemplate,
} from "./support/lab-service.ts";
import { labStartMs, sharedLab } from "./support/lab.ts";

/**
 * The workshop chapter "Dealing with stateful services", told on a real swarm in its own order: each step does what the one
 * before left. Where today's Swarm differs from the text, the test's name begins with "DIFFERENT".
 *
 * Two things are done in another way, so that the chapter can be told on any kernel: ports are published in host mode (the
 * routing mesh needs IPVS), and Redis is spoken to by a client library instead of redis-cli. Step 13, whether to run
 * stateful services at all, is an opinion: there is nothing to assert.
 */
describe("the tutorial, dealing with stateful services", function () {
  this.timeout(60_000);
  this.slow(15_000);

  const persistent = (source: string) => ({ Type: "volume" as const, Source: source, Target: "/data" });
  const limitMemory = (mebibytes: number) => (template: TaskTemplate) => {
    template.Resources.Limits.MemoryBytes = mebibytes * 1024 ** 2;
  };
  const pinTo = (node: LabNode) => (template: TaskTemplate) => {
    template.Placement.Constraints = [`node.hostname==${node.name}`];
  };

  let lab: Lab;
  let stateful: LabService;
  /** Where the service starts, and where it is moved to. */
  let first: LabNode;
  let second: LabNode;

  before(async function () {
    this.timeout(labStartMs);
    lab = await sharedLab();
  });
  after(() => removeLeftovers(lab, ["stateful", "trial"], ["foobarstore", "trial"]));

  describe("2. an experiment", () => {
    it("docker service create --name stateful -p 10000:6379 redis; redis info server", async () => {
      stateful = await LabService.create(lab, { name: "stateful", port: 10_000 });
      assert.match(String(await stateful.redis("info", "server")), /^redis_version:/m);
    });
  });

  describe("3. a key", () => {
    it("redis get foo is empty; after redis set foo bar it answers", async () => {
      assert.equal(await stateful.redis("get", "foo"), null);
      assert.equal(await stateful.redis("set", "foo", "bar"), "OK");
      assert.equal(await stateful.redis("get", "foo"), "bar");
    });
  });

  describe("4. local and global volumes", () => {
    it("Docker ships no driver of global volumes: every node has the driver local only", async () => {
      for (const node of lab.nodes) {
        const { Plugins } = (await engineOf(node).info()) as { Plugins: { Volume: string[] } }; // As the API documents it.
        assert.deepEqual(Plugins.Volume, ["local"], node.name);
      }
    });

    it("the volume of a task is on the task's node and on no other", async () => {
      first = await stateful.node();
      for (const node of lab.nodes) {
        assert.equal((await volumeNames(node)).length, node.name === first.name ? 1 : 0, node.name);
      }
    });
  });

  describe("5. and 6. docker service update stateful --constraint-add node.hostname==$HOSTNAME", () => {
    it("DIFFERENT: a constraint that already holds keeps the task, and foo with it", async () => {
      const before = await stateful.task();
      await stateful.send(pinTo(first));
      await stateful.settle();
      assert.equal((await stateful.task()).ID, before.ID);
      assert.equal(await stateful.redis("get", "foo"), "bar");
    });

    it("a constraint that does not hold redeploys the service, as docker service ps shows, and foo is gone", async () => {
      second = lab.nodes.find(({ name }) => name !== first.name) ?? first;
      await stateful.update(pinTo(second));
      assert.deepEqual(
        (await stateful.tasks()).map(({ DesiredState }) => DesiredState),
        ["running", "shutdown"],
      );
      assert.equal((await stateful.node()).name, second.name);
      assert.equal(await stateful.redis("get", "foo"), null);
    });
  });

  describe("7. docker service update stateful --limit-memory 100M", () => {
    it("recreates the container, and foo is gone again", async () => {
      await stateful.redis("set", "foo", "bar");
      const before = await stateful.task();
      await stateful.update(limitMemory(100));
      assert.notEqual((await stateful.task()).ID, before.ID);
      assert.equal(await stateful.redis("get", "foo"), null);
    });
  });

  describe("8. the volumes of a service are ephemeral by default", () => {
    it("docker volume ls has one volume more after --limit-memory 200M", async () => {
      const before = await volumeNames(second);
      await stateful.update(limitMemory(200));
      const added = (await volumeNames(second)).filter((name) => !before.includes(name));
      assert.equal(added.length, 1);
      assert.match(added[0] ?? "", /^[0-9a-f]{64}$/);
    });

    it("every change makes a new task, even one that needs none", async () => {
      const before = await stateful.task();
      await stateful.update((template) => {
        template.ForceUpdate += 1;
      });
      assert.notEqual((await stateful.task()).ID, before.ID);
    });
  });

  describe("9. docker service update stateful --mount-add type=volume,source=foobarstore,target=/data", () => {
    it("the local driver creates the volume, on the node where the task runs", async () => {
      await stateful.update((template) => {
        template.ContainerSpec.Mounts = [persistent("foobarstore")];
      });
      for (const node of lab.nodes) {
        assert.equal((await volumeNames(node)).includes("foobarstore"), node.name === second.name, node.name);
      }
    });
  });

  describe("10. redis set foo barbar; docker service update stateful --limit-memory 300M", () => {
    it("recreates the container, and redis get foo still answers barbar", async () => {
      await stateful.redis("set", "foo", "barbar");
      const before = await stateful.task();
      await stateful.update(limitMemory(300));
      assert.notEqual((await stateful.task()).ID, before.ID);
      assert.equal(await stateful.redis("get", "foo"), "barbar");
    });
  });

  describe("11. foo survives only where all the conditions hold", () => {
    afterEach(() => removeLeftovers(lab, ["trial"], ["trial"]));

    const pinned = () => [`node.hostname==${second.name}`];
    const surviving = async (options: Partial<Parameters<typeof LabService.create>[1]>, change = limitMemory(100)) => {
      const trial = await LabService.create(lab, {
        name: "trial",
        port: 10_001,
        mounts: [persistent("trial")],
        constraints: pinned(),
        ...options,
      });
      await trial.redis("set", "foo", "bar");
      await trial.update(change);
      return trial.redis("get", "foo");
    };

    it("all of them: it survives", async () => {
      assert.equal(await surviving({}), "bar");
    });

    it("the service does not commit its state when it is told to stop (KILL instead of TERM): lost", async () => {
      assert.equal(await surviving({ stopSignal: "SIGKILL" }), null);
    });

    it("Redis is customised not to save: lost", async () => {
      assert.equal(await surviving({ args: ["--save", ""] }), null);
    });

    it("the state is not in files on the volume (--dir /tmp): lost", async () => {
      assert.equal(await surviving({ args: ["--dir", "/tmp"] }), null);
    });

    it("the volume is not persistent (tmpfs): lost", async () => {
      const tmpfs = { Type: "tmpfs" as const, Source: "", Target: "/data" };
      assert.equal(await surviving({ mounts: [tmpfs] }), null);
    });

    it("the service is not pinned to the node of its local volume: left behind when it moves", async () => {
      assert.equal(await surviving({}, pinTo(first)), null);
      assert.ok((await volumeNames(second)).includes("trial"));
    });

    it("1. the volume is backed by a file system that all nodes share: it survives a move without any pin", async () => {
      const shared = await sharedFolderVolume(lab);
      assert.equal(await surviving({ mounts: [shared] }, pinTo(first)), "bar");
    });
  });

  describe("12. cleaning up", () => {
    it("docker service rm stateful takes the anonymous volumes along and leaves foobarstore", async () => {
      await stateful.remove();
      await until(async () => (await volumeNames(second)).length === 1, "the anonymous volumes are gone");
      assert.deepEqual(await volumeNames(second), ["foobarstore"]);
    });

    it("a service that is created anew with foobarstore has foo again", async () => {
      stateful = await LabService.create(lab, {
        name: "stateful",
        port: 10_000,
        mounts: [persistent("foobarstore")],
        constraints: [`node.hostname==${second.name}`],
      });
      assert.equal(await stateful.redis("get", "foo"), "barbar");
      await stateful.remove();
    });

    it("docker volume rm foobarstore removes the data", async () => {
      await removeVolume(second, "foobarstore");
      assert.deepEqual(await volumeNames(second), []);
    });
  });
});
