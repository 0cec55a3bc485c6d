/**
 * Writes the tables of arguments in components.md from the TSDoc of the components: `node docs/argument-tables.ts`.
 * A test fails when they are not current.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const componentsFolder = fileURLToPath(new URL("../components/", import.meta.url));

/** The page with the tables. */
export const pagePath = fileURLToPath(new URL("components.md", import.meta.url));

/** One argument as its TSDoc tells of it. */
interface Argument {
  name: string;
  type: string;
  why: string;
  byDefault: string;
}

/**
 * Renews every table between `<!-- arguments: <interface> -->` and `<!-- end -->`.
 *
 * @throws Error when a table asks for an interface that the components do not have
 */
export function renewTables(page: string): string {
  const interfaces = readInterfaces();
  return page.replace(
    /(?<head><!-- arguments: (?<name>\w+) -->\n)[^]*?(?=<!-- end -->)/gu,
    (_, head: string, name: string) => `${head}\n${table(argumentsOf(name, interfaces))}\n`,
  );
}

function readInterfaces(): Map<string, ts.InterfaceDeclaration> {
  const interfaces = new Map<string, ts.InterfaceDeclaration>();
  for (const file of globSync("**/*.ts", { cwd: componentsFolder })) {
    const text = readFileSync(`${componentsFolder}${file}`, "utf8");
    const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
    for (const each of source.statements) if (ts.isInterfaceDeclaration(each)) interfaces.set(each.name.text, each);
  }
  return interfaces;
}

/** An interface's own members, then those that it inherits, whole or by `Pick`. */
function argumentsOf(name: string, interfaces: Map<string, ts.InterfaceDeclaration>): Argument[] {
  const declaration = interfaces.get(name);
  if (declaration === undefined) throw new Error(`components.md asks for ${name}, which components/ does not have.`);
  const own = declaration.members.filter(ts.isPropertySignature).map(argumentOf);
  const inherited = (declaration.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap(({ expression, typeArguments }) => {
      if (expression.getText() !== "Pick") return argumentsOf(expression.getText(), interfaces);
      const [from, picked] = typeArguments ?? [];
      return argumentsOf(from?.getText() ?? "", interfaces).filter(({ name }) =>
        picked?.getText().includes(`"${name}"`),
      );
    }),
  );
  return [...own, ...inherited.filter(({ name }) => own.every((each) => each.name !== name))];
}

function argumentOf(property: ts.PropertySignature): Argument {
  const [documentation] = ts.getJSDocCommentsAndTags(property).filter(ts.isJSDoc);
  const byDefault = ts.getJSDocTags(property).find(({ tagName }) => tagName.text === "default")?.comment;
  return {
    name: property.name.getText(),
    type: (property.type?.getText() ?? "").replaceAll("pulumi.Input<", "Input<"),
    why: oneLine(ts.getTextOfJSDocComment(documentation?.comment) ?? ""),
    byDefault: property.questionToken === undefined ? "required" : oneLine(ts.getTextOfJSDocComment(byDefault) ?? ""),
  };
}

function table(rows: Argument[]): string {
  const lines = rows.map(
    ({ name, type, why, byDefault }) => `| \`${name}\` | \`${cell(type)}\` | ${cell(byDefault)} | ${cell(why)} |`,
  );
  return [
    "<!-- prettier-ignore -->",
    "| argument | type | default | what and why |",
    "| --- | --- | --- | --- |",
    ...lines,
    "",
  ].join("\n");
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(pagePath, renewTables(readFileSync(pagePath, "utf8")));
}
