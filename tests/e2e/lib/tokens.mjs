// SPDX-License-Identifier: Apache-2.0
// tokens.mjs: writes a token file for a server.

import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { temporaryFolder } from "./tidy.mjs";

// Tokens by their users' names. Gives the file's path.
export function tokenFile(tokens) {
  const path = join(temporaryFolder("tokens"), "tokens.toml");
  const lines = Object.entries(tokens).map(([user, token]) => {
    const hash = createHash("sha256").update(token).digest("hex");
    return `[tokens.${user}]\nuser = "${user}"\nsha256 = "${hash}"\n`;
  });
  writeFileSync(path, lines.join(""));
  return path;
}
