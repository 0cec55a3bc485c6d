import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import ts from "typescript";
import { resourceSchema, resourceTypes, snakeCase, terraformName } from "../../../../engine/provider/schema/index.ts";
import type { Properties, PropertySchema } from "../../../../engine/provider/schema/property-schema.ts";
import { InputError } from "../../../../text/input-error.ts";

/** What a declaration file says of one property. */
interface Declared {
  optional: boolean;
  type: string;
}
type Declarations = Map<string, Map<string, Declared>>;

const sdk = join(createRequire(import.meta.url).resolve("@pulumi/docker/package.json"), "..");

/** The properties of every interface and class that a declaration file of the SDK exports. */
function declarationsOf(file: string): Declarations {
  const source = ts.createSourceFile(file, readFileSync(join(sdk, file), "utf8"), ts.ScriptTarget.Latest, true);
  const found: Declarations = new Map();
  for (const node of source.statements) {
    if (!ts.isInterfaceDeclaration(node) && !ts.isClassDeclaration(node)) continue;
    const properties = new Map<string, Declared>();
    for (const member of node.members)
      if ((ts.isPropertySignature(member) || ts.isPropertyDeclaration(member)) && member.type !== undefined) {
        const type = member.type.getText();
        const optional = member.questionToken !== undefined || /\| undefined>$/.test(type);
        properties.set(member.name.getText(), { optional, type });
      }
    found.set(node.name?.text ?? "", properties);
  }
  return found;
}

const nestedInputs = declarationsOf("types/input.d.ts");
const nestedOutputs = declarationsOf("types/output.d.ts");

const kindPattern: Record<PropertySchema["kind"], RegExp> = {
  string: /^string$/,
  number: /^number$/,
  boolean: /^boolean$/,
  map: /\[key: string\]: /,
  strings: /^string\[\]$/,
  stringSet: /^string\[\]$/,
  block: /^(in|out)puts\.\w+$/,
  blocks: /^(in|out)puts\.\w+\[\]$/,
  blockSet: /^(in|out)puts\.\w+\[\]$/,
};

/** `pulumi.Input<pulumi.Input<string>[] | undefined>` is `string[]`. */
function bare(type: string): string {
  const inner = type.replaceAll(/pulumi\.(Input|Output)</g, "").replaceAll(">", "");
  return inner.replace(/ \| undefined$/, "").trim();
}

function compare(
  properties: Properties,
  declared: Map<string, Declared> | undefined,
  nested: Declarations,
  at: string,
  mayBeMissing: (schema: PropertySchema) => boolean,
): void {
  assert.ok(declared, `${at} is not declared`);
  assert.deepEqual(Object.keys(properties).sort(), [...declared.keys()].sort(), at);
  for (const [name, schema] of Object.entries(properties)) {
    const declaration = declared.get(name);
    assert.ok(declaration);
    assert.equal(declaration.optional, mayBeMissing(schema), `${at}.${name}: whether it may be missing`);
    assert.match(bare(declaration.type), kindPattern[schema.kind], `${at}.${name}: type`);
    const nestedName = /(?:in|out)puts\.(\w+)/.exec(declaration.type)?.[1];
    if ("properties" in schema && nestedName !== undefined)
      compare(schema.properties, nested.get(nestedName), nested, `${at}.${name}`, mayBeMissing);
  }
}

describe("the provider's schema", () => {
  for (const type of resourceTypes) {
    const className = type.replace(/^.*:/, "");
    const file = `${className.charAt(0).toLowerCase()}${className.slice(1)}.d.ts`;

    it(`has the inputs of ${type} that @pulumi/docker declares`, () => {
      const { properties } = resourceSchema(type);
      const args = declarationsOf(file).get(`${className}Args`);
      const top = Object.fromEntries(Object.entries(properties).filter(([, schema]) => schema.input));
      compare(top, args, nestedInputs, className, (schema) => !schema.required || schema.autoNamed === true);
    });

    it(`has the outputs of ${type} that @pulumi/docker declares`, () => {
      const { properties } = resourceSchema(type);
      const outputs = declarationsOf(file).get(className);
      compare(properties, outputs, nestedOutputs, className, (schema) => !schema.required && !schema.computed);
    });
  }

  it("refuses a type that the embedded provider does not know, by name", () => {
    assert.throws(
      () => resourceSchema("docker:index/container:Container"),
      (error) => error instanceof InputError && error.message.includes("docker:index/container:Container"),
    );
  });

  it("names a property in Terraform's schema by its snake case, or as the bridge renames it", () => {
    const { properties } = resourceSchema("docker:index/service:Service");
    const taskSpec = properties["taskSpec"];
    assert.ok(taskSpec?.kind === "block");
    const networks = taskSpec.properties["networksAdvanceds"];
    assert.ok(networks);
    assert.equal(terraformName("taskSpec", taskSpec), "task_spec");
    assert.equal(terraformName("networksAdvanceds", networks), "networks_advanced");
    assert.equal(snakeCase("seLinuxContext"), "se_linux_context");
  });

  it("gives no property both a default and a value of Docker's, which Terraform's SDK forbids", () => {
    const walk = (properties: Properties): void => {
      for (const [name, schema] of Object.entries(properties)) {
        assert.ok(!(schema.computed && schema.default !== undefined), name);
        if ("properties" in schema) walk(schema.properties);
      }
    };
    for (const type of resourceTypes) walk(resourceSchema(type).properties);
  });
});
