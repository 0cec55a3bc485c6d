import { startMonitor, type DeploymentInfo, type ProgramRequests } from "./monitor.ts";
import { startProgram, type ProgramRun, type RunningProgram } from "./process.ts";
import { SocketFolder } from "./socket-folder.ts";

/** A program that has been started, with the monitor that it talks to. Its requests wait until {@link answerWith} is called. */
export interface ProgramHost extends Disposable {
  readonly program: RunningProgram;
  /** Sets who answers; called once. */
  readonly answerWith: (requests: ProgramRequests) => void;
}

/** Parameters of a program and its monitor. */
export type HostedRun = DeploymentInfo &
  Omit<ProgramRun, keyof DeploymentInfo | "monitorAddress" | "engineAddress" | "sockets">;

/** Starts a program, whose first request takes longer to arrive than a state to read. Disposing of it ends it at once. */
export async function startProgramHost(run: HostedRun): Promise<ProgramHost> {
  const requests = Promise.withResolvers<ProgramRequests>();
  using ends = new DisposableStack();
  const sockets = ends.use(new SocketFolder());
  const monitor = await startMonitor(run, requests.promise, sockets);
  ends.defer(() => {
    monitor.close();
  });
  const program = startProgram({ ...run, sockets, monitorAddress: monitor.address, engineAddress: monitor.address });
  ends.defer(() => {
    program.kill();
  });
  // The exit is awaited later; it may have failed before.
  program.exit.catch(() => undefined);
  const whole = ends.move();
  return {
    program,
    answerWith: requests.resolve,
    [Symbol.dispose]: () => {
      whole.dispose();
    },
  };
}
