/**
 * Puts off what the SDK loads at its start and hardly any program needs: the TypeScript compiler and npm's arborist,
 * which serve to serialise closures (@pulumi/pulumi/runtime/closure). They make up half of a program's start; whoever
 * does use one of them gets it at the first use.
 */
const source = `
  import Module from "node:module";
  const load = Module._load;
  const putOff = /(^@npmcli\\/arborist|\\/typescript-shim)$/;
  Module._load = function (request, parent, isMain) {
    const here = () => load.call(this, request, parent, isMain);
    if (!putOff.test(request) || !parent?.filename?.includes("@pulumi/pulumi")) return here();
    return new Proxy(() => {}, { get: (_, key) => (key === "__esModule" ? true : here()[key]) });
  };
`;

/** What `node --import` takes to put these parts off. */
export const lazySdk = `data:text/javascript,${encodeURIComponent(source)}`;
