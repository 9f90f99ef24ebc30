// SPDX-License-Identifier: Apache-2.0
// tidy.mjs: cleans up after a test process.
//
// It kills child processes and removes temporary folders when the process exits, however it exits.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const children = new Set();
const folders = new Set();

export function keepAnEyeOn(child) {
  children.add(child);
  child.once("exit", () => children.delete(child));
  return child;
}

export function temporaryFolder(name) {
  const folder = mkdtempSync(join(tmpdir(), `lockstep-e2e-${name}-`));
  folders.add(folder);
  return folder;
}

function tidyUp() {
  for (const child of children) child.kill("SIGKILL");
  if (process.env.LOCKSTEP_E2E_KEEP) return;
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

process.on("exit", tidyUp);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => process.exit(130));
}
