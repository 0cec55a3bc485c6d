import { startMonitor, type DeploymentInfo, type ProgramRequests } from "./monitor.ts";
import { startProgram, type ProgramRun, type RunningProgram } from "./process.ts";
import { SocketFolder } from "./socket-folder.ts";

/** A program that has been started, with the monitor that it talks to. Its requests wait until somebody answers them. */
export interface ProgramHost extends Disposable {
  readonly program: RunningProgram;
  /** Says who answers; once. */
  readonly answerWith: (requests: ProgramRequests) => void;
}

/** What a program and its monitor are told. */
export type HostedRun = DeploymentInfo &
  Omit<ProgramRun, keyof DeploymentInfo | "monitorAddress" | "engineAddress" | "sockets">;

/** Starts a program; it takes longer to ask for something than it takes to read a state. Disposing of it ends it at once. */
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
  // Whoever runs the operation asks for its end later; it may have failed before.
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
