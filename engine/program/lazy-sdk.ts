/**
 * Puts off what the SDK does for every program and hardly any needs; whoever does need a part gets it at the first use. Together they
 * make up most of a program's time:
 *
 * - the TypeScript compiler, npm's arborist and the connection to V8's inspector, which serve to serialise closures
 *   (@pulumi/pulumi/runtime/closure). The inspector then knows only of scripts that are loaded after the first use; the kinds of
 *   resources that serialise closures are none that this engine creates;
 * - the automation API, for programs that run Pulumi themselves;
 * - tracing (@pulumi/pulumi/cmd/run/tracing.js), for which this engine never asks;
 * - messages for debugging, which no command shows: three for each resource, and each waits for the one before to be received;
 * - the stack of each promise of each resource, which tells where one that never settles was made, where PULUMI_DEBUG_PROMISE_LEAKS asks;
 * - where in the program each resource was declared, which this engine neither keeps nor shows: the whole stack of calls, read line by line;
 * - source maps: the SDK takes a stack trace for each promise of each resource, and each would be mapped. They are put to use when
 *   an error is reported: a stack is written out when it is read for the first time.
 */
const source = `
  import Module from "node:module";
  const load = Module._load;
  const putOff = /^@npmcli\\/arborist|\\/typescript-shim$|^\\.\\/automation$/;
  const lazily = (load) => new Proxy(() => {}, { get: (_, key) => (key === "__esModule" ? true : load()[key]) });

  const isLog = /^\\.{1,2}(\\/\\.\\.)*\\/log$/;
  const quieted = (log) => Object.assign(log, { debug: () => Promise.resolve() });

  const stackless = new WeakSet();
  const withoutStacks = (debuggable) => {
    if (stackless.has(debuggable)) return debuggable;
    stackless.add(debuggable);
    const { debuggablePromise } = debuggable;
    return Object.assign(debuggable, {
      debuggablePromise: (promise, context) => {
        const limit = Error.stackTraceLimit;
        Error.stackTraceLimit = 0;
        try {
          return debuggablePromise(promise, context);
        } finally {
          Error.stackTraceLimit = limit;
        }
      },
    });
  };

  const placeless = (resources) => {
    if (resources.Resource?.stackTrace) resources.Resource.stackTrace = () => [];
    return resources;
  };

  const span = { setAttribute() {}, addEvent() {}, end() {} };
  const tracing = (load) => {
    let started;
    return {
      __esModule: true,
      start: (url) => (started = load()).start(url),
      stop: () => started?.stop(),
      newSpan: (name) => started?.newSpan(name) ?? span,
    };
  };

  const sourceMaps = (load) => {
    let loaded;
    const use = () => void (loaded ??= load());
    process.on("uncaughtExceptionMonitor", use);
    const onListener = (event) => {
      if (event !== "unhandledRejection") return;
      process.off("newListener", onListener);
      process.prependListener(event, use);
    };
    process.on("newListener", onListener);
    return {};
  };

  Module._load = function (request, parent, isMain) {
    const here = () => load.call(this, request, parent, isMain);
    const from = parent?.filename ?? "";
    if (!from.includes("/node_modules/@pulumi/pulumi/")) return here();
    if (putOff.test(request)) return lazily(here);
    if (isLog.test(request)) return quieted(here());
    if (/^\\.{1,2}\\/resource$/.test(request)) return placeless(here());
    if (/\\/debuggable$/.test(request) && !process.env.PULUMI_DEBUG_PROMISE_LEAKS) return withoutStacks(here());
    if (!from.includes("/cmd/run/")) return here();
    if (request === "./tracing") return tracing(here);
    if (request === "source-map-support/register") return sourceMaps(here);
    if (request.endsWith("/closure/v8Hooks")) return { isInitializedAsync: () => Promise.resolve() };
    return here();
  };
`;

/** What `node --import` takes to put these parts off. */
export const lazySdk = `data:text/javascript,${encodeURIComponent(source)}`;
