import { enableCompileCache, flushCompileCache } from "node:module";

// From its second start on the pack is ready in half the time. Loaded by import(), because a static import would run before the
// cache is there; and written at once, because engines end a pack without letting it exit.
enableCompileCache();
void import("./pack.ts").then(() => {
  flushCompileCache();
});
