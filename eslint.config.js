import eslint from "@eslint/js";
import { defineConfig, globalIgnores } from "eslint/config";
import regexp from "eslint-plugin-regexp";
import tseslint from "typescript-eslint";
import { roomImports } from "./lint/room-imports.ts";

export default defineConfig(
  globalIgnores(["dist/", ".holdfast/", "coverage/", "test/data/", "node_modules/"]),
  eslint.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true, allowBoolean: true }],
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-unused-vars": ["error", { ignoreRestSiblings: true }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    // What is given may be as long as it likes: an expression that takes the square of its length hangs.
    files: ["**/*.{ts,js,mjs}"],
    ignores: ["test/**", "bench/**", "docs/**"],
    plugins: { regexp },
    rules: {
      "regexp/no-super-linear-backtracking": ["error", { report: "potential" }],
      "regexp/no-super-linear-move": ["error", { report: "potential", ignoreSticky: true }],
    },
  },
  {
    files: ["test/**/*.ts"],
    rules: { "@typescript-eslint/no-unused-expressions": "off" },
  },
  {
    // Facts are found out once, by the simulation: a rule that needs another one lacks a fact.
    files: ["impact/rules/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [{ regex: "^\\./|/rules/|/rule-list", message: "A rule sees the facts alone, and no other rule." }],
        },
      ],
    },
  },
  {
    files: ["impact/simulation/**/*.ts"],
    rules: {
      "@typescript-eslint/no-restricted-imports": [
        "error",
        {
          patterns: [
            { regex: "/rules?[/.-]|/verdict/|/render/", message: "The simulation finds facts; rules come after it." },
          ],
        },
      ],
    },
  },
  {
    files: ["**/*.js"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
  ...roomImports,
  {
    // Rules know nothing of each other; what two of them need is in policies/ itself.
    files: ["policies/rules/*.ts"],
    rules: {
      "no-restricted-imports": ["error", { patterns: [{ regex: "^\\./", message: "A rule imports no other rule." }] }],
    },
  },
);
