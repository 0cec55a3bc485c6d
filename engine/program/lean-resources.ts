/**
 * Keeps what the SDK holds for each resource small: a program that declares ten thousand at once would need more than a gigabyte, most
 * of it for outputs that nobody reads and for registrations that wait for their turn.
 *
 * - An output of a resource is some twenty promises. It is made when it is first read; where it was answered before, it is answered
 *   then. An error is an exception: whoever reads nothing of the resource hears of it all the same.
 * - A promise of an output is not watched for leaks. One that never settles belongs to a resource whose registration is watched.
 * - The SDK prepares the registration of every resource at once that depends on nothing. It is let prepare some, and the next when the
 *   engine has answered; what has been let pass may wait for others, and does not keep them from passing.
 *
 * The first 500 resources are the SDK's own in every respect, and so is all of an ordinary stack.
 */
const source = `
  import Module from "node:module";
  const load = Module._load;
  const changed = new WeakSet();

  let declared = 0;
  const isLarge = () => declared > 500;

  const onceThereIs = (name, change) => (module) => {
    if (module[name] === undefined || changed.has(module)) return module;
    changed.add(module);
    change(module);
    return module;
  };

  const made = (late) => (late.output ??= Reflect.construct(late.Output, late.args));
  const forward = Object.fromEntries(
    Object.getOwnPropertyNames(Reflect).map((trap) => [trap, (late, ...rest) => Reflect[trap](made(late), ...rest)]),
  );
  const handler = { ...forward, get: (late, key) => key === "__pulumiOutput" || made(late)[key] };
  const lateOutputs = onceThereIs("Output", (output) => {
    output.Output = new Proxy(output.Output, {
      construct: (Output, args) =>
        isLarge() && args[0]?.__pulumiResource ? new Proxy({ Output, args }, handler) : Reflect.construct(Output, args),
    });
  });

  const pending = new WeakMap();
  const accessors = new Map();
  const accessorOf = (key) => ({
    get() {
      const answer = pending.get(this);
      delete this[key];
      answer.read(key);
      return this[key];
    },
    set(value) {
      Object.defineProperty(this, key, { value, writable: true, enumerable: true, configurable: true });
    },
    enumerable: true,
    configurable: true,
  });
  const lateProperties = (transfer) => (resource, label, props) => {
    declared += 1;
    if (!isLarge()) return transfer(resource, label, props);
    const [answers, resolvers] = [new Map(), new Map()];
    const read = (key) => {
      const [resolve] = Object.values(transfer(resource, label, { [key]: props[key] }));
      resolvers.set(key, resolve);
      if (answers.has(key)) resolve(...answers.get(key));
    };
    pending.set(resource, { read });
    const answer = (key) => (...values) => {
      const error = values[4];
      answers.set(key, values);
      if (resolvers.has(key)) resolvers.get(key)(...values);
      else if (error) void resource[key];
    };
    const keys = Object.keys(props).filter((key) => key !== "id" && key !== "urn");
    for (const key of keys) {
      if (Object.hasOwn(resource, key)) return transfer(resource, label, props);
      if (!accessors.has(key)) accessors.set(key, accessorOf(key));
      Object.defineProperty(resource, key, accessors.get(key));
    }
    return Object.fromEntries(keys.map((key) => [key, answer(key)]));
  };

  const unwatched = /^(?:transfer(?:Property|IsStable|IsSecret|Deps)|resolve(?:URN|ID)(?:IsKnown)?)\\(/;
  const unwatchedOutputs = onceThereIs("debuggablePromise", (debuggable) => {
    const { debuggablePromise } = debuggable;
    debuggable.debuggablePromise = (promise, context) =>
      isLarge() && unwatched.test(context) ? promise : debuggablePromise(promise, context);
  });

  const atOnce = 256;
  const waiting = [];
  let [passed, sent] = [0, 0];
  let next;
  const letPass = () => {
    next = undefined;
    passed = 0;
    if (sent <= atOnce / 2) waiting.splice(0, atOnce - sent).forEach(pass);
  };
  const pass = (go) => {
    passed += 1;
    next ??= setImmediate(letPass);
    go();
  };
  const turn = () =>
    new Promise((go) => {
      if (!isLarge() || (waiting.length === 0 && passed + sent < atOnce)) pass(go);
      else waiting.push(go);
    });
  const inTurn = onceThereIs("serializeResourceProperties", (rpc) => {
    const { transferProperties, serializeResourceProperties } = rpc;
    rpc.transferProperties = lateProperties(transferProperties);
    rpc.serializeResourceProperties = (...args) => turn().then(() => serializeResourceProperties(...args));
  });
  const counted = onceThereIs("ResourceMonitorClient", ({ ResourceMonitorClient: { prototype } }) => {
    const { registerResource } = prototype;
    prototype.registerResource = function (request, answered) {
      sent += 1;
      return registerResource.call(this, request, (...answer) => {
        sent -= 1;
        if (waiting.length > 0) next ??= setImmediate(letPass);
        answered(...answer);
      });
    };
  });

  const isLeakWanted = Boolean(process.env.PULUMI_DEBUG_PROMISE_LEAKS);
  Module._load = function (request, parent, isMain) {
    const module = load.call(this, request, parent, isMain);
    if (!parent?.filename?.includes("/node_modules/@pulumi/pulumi/")) return module;
    if (/^(?:\\.{1,2}\\/)+output$/.test(request)) return lateOutputs(module);
    if (/^(?:\\.{1,2}\\/)+(?:runtime\\/)?rpc$/.test(request)) return inTurn(module);
    if (request.endsWith("/proto/resource_grpc_pb")) return counted(module);
    if (request.endsWith("/debuggable") && !isLeakWanted) return unwatchedOutputs(module);
    return module;
  };
`;

/** What `node --import` takes to keep resources small. */
export const leanResources = `data:text/javascript,${encodeURIComponent(source)}`;
