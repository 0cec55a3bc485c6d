import assert from "node:assert/strict";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const root = fileURLToPath(new URL("..", import.meta.url));

/** Not production, or a program whose exports are a stack's outputs. */
const others = /^(?:index\.ts|(?:test|bench|docs|examples|node_modules|dist)\/|\.)/u;

function productionFiles(): readonly string[] {
  return ts.sys.readDirectory(root, [".ts"], ["node_modules"]).filter((path) => !others.test(relative(root, path)));
}

/** The names that a file declares and exports by themselves; what it passes on of another file is that file's. */
function exportedNames(path: string): readonly string[] {
  const source = ts.createSourceFile(path, ts.sys.readFile(path) ?? "", ts.ScriptTarget.Latest);
  const names = source.statements.flatMap((statement): readonly string[] => {
    const isExported =
      ts.canHaveModifiers(statement) &&
      ts.getModifiers(statement)?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) === true;
    if (!isExported) return [];
    if (ts.isVariableStatement(statement))
      return statement.declarationList.declarations.flatMap(({ name }) => (ts.isIdentifier(name) ? [name.text] : []));
    const isNamed =
      ts.isFunctionDeclaration(statement) ||
      ts.isClassDeclaration(statement) ||
      ts.isInterfaceDeclaration(statement) ||
      ts.isTypeAliasDeclaration(statement);
    return isNamed && statement.name !== undefined ? [statement.name.text] : [];
  });
  return [...new Set(names)];
}

describe("an exported name", () => {
  it("means one thing in the whole house", () => {
    const places = productionFiles().flatMap((path) => exportedNames(path).map((name) => ({ name, path })));
    assert.ok(places.length > 500, "the files are found");
    const twice = [...Map.groupBy(places, ({ name }) => name)]
      .filter(([, files]) => files.length > 1)
      .map(([name, files]) => `${name}: ${files.map(({ path }) => relative(root, path)).join(", ")}`);
    assert.deepEqual(twice, []);
  });
});
