// SPDX-License-Identifier: Apache-2.0
// http.mjs: one plain request, and one streamed answer.
//
// It uses node:http and not fetch: a dropped connection is dropped at once, nothing is kept alive
// or retried without the test's knowledge, and a broken stream is a visible error.

import http from "node:http";

// { status, headers, text, json }: json is undefined if the body is not JSON.
export function request(url, { method = "GET", headers = {}, body, timeoutMs = 30_000 } = {}) {
  return new Promise((resolve, reject) => {
    const message = http.request(url, { method, headers: headersFor(headers, body), agent: false });
    message.setTimeout(timeoutMs, () => message.destroy(new Error(`no answer: ${method} ${url}`)));
    message.once("error", reject);
    message.once("response", (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => resolve(answerOf(response, Buffer.concat(chunks))));
    });
    message.end(body === undefined ? undefined : encoded(body));
  });
}

// Calls `onChunk(string, status)` as bytes come. { status, headers, done, drop() }: `done` resolves to "end" when
// the server ended the answer, to "lost" when the connection broke, to "dropped" after drop().
export function stream(url, { method = "GET", headers = {}, body, onChunk } = {}) {
  return new Promise((resolve, reject) => {
    const message = http.request(url, { method, headers: headersFor(headers, body), agent: false });
    message.once("error", reject);
    message.once("response", (response) => {
      let over;
      let dropped = false;
      const done = new Promise((finish) => (over = finish));
      response.setEncoding("utf8");
      response.on("data", (chunk) => dropped || onChunk(chunk, response.statusCode));
      response.once("end", () => over(dropped ? "dropped" : response.complete ? "end" : "lost"));
      response.once("error", () => over(dropped ? "dropped" : "lost"));
      response.once("close", () => over(dropped ? "dropped" : "lost"));
      message.on("error", () => {});
      const drop = () => {
        dropped = true;
        message.destroy();
        over("dropped");
      };
      resolve({ status: response.statusCode, headers: response.headers, done, drop });
    });
    message.end(body === undefined ? undefined : encoded(body));
  });
}

const encoded = (body) =>
  typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);

function headersFor(headers, body) {
  if (body === undefined) return headers;
  const length = Buffer.byteLength(encoded(body));
  return { "content-type": "application/json", "content-length": length, ...headers };
}

function answerOf(response, bytes) {
  const text = bytes.toString("utf8");
  let json;
  if (/json/.test(response.headers["content-type"] ?? "")) {
    try {
      json = JSON.parse(text);
    } catch {
      json = undefined;  // NDJSON, for one
    }
  }
  return { status: response.statusCode, headers: response.headers, text, json };
}
