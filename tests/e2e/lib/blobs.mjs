// SPDX-License-Identifier: Apache-2.0
// blobs.mjs: uploads and downloads, as bytes, and a look at the files on the disk.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";

export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
export const hashOf = (bytes) => `sha256-${sha256(bytes)}`;
export const bearer = (token) => ({ authorization: `Bearer ${token}` });
export const someBytes = (count) => randomBytes(count);

// { status, headers, bytes, json }
export function call(server, path, { method = "GET", headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const message = http.request(`${server.url}${path}`, { method, headers, agent: false });
    message.once("error", reject);
    message.once("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const bytes = Buffer.concat(chunks);
        const isJson = /json/.test(response.headers["content-type"] ?? "") && bytes.length > 0;
        const json = isJson ? JSON.parse(bytes) : undefined;
        resolve({ status: response.statusCode, headers: response.headers, bytes, json });
      });
    });
    message.end(body);
  });
}

export function upload(server, bytes, { type = "image/png", headers = {} } = {}) {
  const all = { "content-type": type, "content-length": bytes.length, ...headers };
  return call(server, "/v1/blobs", { method: "POST", headers: all, body: bytes });
}

export const file = (uri, more = {}) => ({ type: "file", uri, ...more });
export const puts = (id, parts, more = {}) => ({ type: "put_message", message: { id, parts }, ...more });

export function sync(server, thread, changes, { headers = {}, device = "d" } = {}) {
  const all = { accept: "application/json", ...headers };
  return server.post(`/v1/threads/${thread}/sync`, { device, changes }, { headers: { "content-type": "application/json", ...all } });
}

// The names of all blobs on the disk, and of files that are still coming.
export function onDisk(server) {
  const root = join(server.data, "blobs");
  if (!existsSync(root)) return { blobs: [], coming: [] };
  const users = readdirSync(root).filter((name) => name !== "new");
  const blobs = users.flatMap((user) => readdirSync(join(root, user)).map((name) => join(root, user, name)));
  const coming = existsSync(join(root, "new")) ? readdirSync(join(root, "new")) : [];
  return { blobs, coming };
}
export const pathOf = (server, hash) => onDisk(server).blobs.find((it) => it.endsWith(hash.replace("sha256-", "")));
