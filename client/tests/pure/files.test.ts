// SPDX-License-Identifier: Apache-2.0
// files.test.ts: uploads that are sent again, errors that name the file, and links that are renewed.

import { createHash } from "node:crypto";

import { expect, test, vi } from "vitest";

import { createFiles } from "../../src/files.js";
import { connect, memoryStore } from "../../src/index.js";
import { createHttp } from "../../src/net/http.js";
import type { Clock, SendFile, UploadOptions } from "../../src/types.js";

const hashOf = (bytes: string): string =>
  `sha256-${createHash("sha256").update(bytes).digest("hex")}`;

const isLink = (path: string): boolean => path.endsWith("/link");

type Answer = (path: string, init: RequestInit) => Promise<Response>;

/** A server that keeps blobs and makes links, and a clock that the test moves. */
const stage = (answer?: (path: string) => Response | undefined) => {
  const blobs = new Map<string, { readonly type: string | null; readonly bytes: string }>();
  const asked: string[] = [];
  let now = 0;
  let atOnce = 0;
  let most = 0;
  const take: Answer = async (path, init) => {
    asked.push(path);
    most = Math.max(most, (atOnce += 1));
    await new Promise((resolve) => setTimeout(resolve, 1));
    atOnce -= 1;
    const other = answer?.(path);
    if (other) return other;
    if (isLink(path)) {
      const url = `${path.slice(0, -5)}?link=${asked.length}`;
      return Response.json({ url, expires: (now + 3_600_000) * 1000 });
    }
    const bytes = await (init.body as Blob).text();
    const type = new Headers(init.headers).get("content-type");
    const hash = hashOf(bytes);
    blobs.set(hash, { type, bytes });
    const blob = { uri: `blob:${hash}`, hash, bytes: bytes.length, media_type: type };
    return Response.json(blob, { status: 201 });
  };
  const waits: number[] = [];
  const clock: Clock = {
    now: () => now,
    after: (milliseconds, task) => {
      waits.push(milliseconds);
      queueMicrotask(task);
      return () => undefined;
    },
  };
  const fetch = ((url: string, init: RequestInit) =>
    take(url.replace("http://front", ""), init)) as typeof globalThis.fetch;
  const files = createFiles(createHttp("http://front", { fetch }), clock, () => 1);
  return {
    files,
    blobs,
    asked,
    waits,
    get most() {
      return most;
    },
    wait: (milliseconds: number) => void (now += milliseconds),
  };
};

const problem = (status: number, code: string): Response =>
  Response.json({ status, code, detail: "no." }, { status });

const image = new File(["a picture"], "cat.png", { type: "image/png" });

test("a file is uploaded byte for byte, with its type, and the part has its name", async () => {
  const { files, blobs } = stage();

  const result = await files.upload(image);

  const uri = `blob:${hashOf("a picture")}`;
  const part = { type: "file", uri, media_type: "image/png", name: "cat.png" };
  expect(result).toEqual({ ok: true, ts: null, part });
  expect([...blobs.values()]).toEqual([{ type: "image/png", bytes: "a picture" }]);
});

test("a blob gets the name and the type that the caller gives, or a plain type", async () => {
  const { files } = stage();
  const partOf = async (file: SendFile) => {
    const result = await files.upload(file);
    return result.ok ? result.part : result;
  };

  const named = { data: image, name: "dog.png", media_type: "image/webp" };
  expect(await partOf(named)).toMatchObject({ name: "dog.png", media_type: "image/webp" });
  expect(await partOf({ data: image })).toMatchObject({ name: "cat.png", media_type: "image/png" });
  const plain = await partOf(new Blob(["x"]));
  expect(plain).toMatchObject({ media_type: "application/octet-stream" });
  expect(plain).not.toHaveProperty("name");
});

test("files stand before the text, in their order, however their uploads end", async () => {
  const scene = stage();
  const sent = Array.from(
    { length: 8 },
    (_, at) => new File([`${at}`.repeat(at + 1)], `${at}.txt`),
  );
  const progress: number[] = [];
  const options = { onProgress: (now: number, total: number) => void progress.push(now / total) };

  const result = await scene.files.withFiles("Look.", sent, options);

  const said = result.ok ? (result.said as { parts: readonly object[] }).parts : [];
  const names = said.map((part) => ("name" in part ? part.name : part));
  expect(names).toEqual([...sent.map(({ name }) => name), { type: "text", text: "Look." }]);
  expect(scene.most).toBe(3);
  expect(progress).toHaveLength(8);
  expect(progress.at(-1)).toBe(1);
});

test("a message of files alone has no text", async () => {
  const result = await stage().files.withFiles("", [image], {});
  expect(result.ok && result.said).toMatchObject({ parts: [{ type: "file", name: "cat.png" }] });
});

test("an upload is sent again while the server is away or busy, and no longer than half a minute", async () => {
  let failures = 3;
  const failing = stage(() => (failures-- > 0 ? problem(503, "overloaded") : undefined));
  expect((await failing.files.upload(image)).ok).toBe(true);
  expect(failing.waits).toEqual([500, 1000, 2000]);

  const away = stage(() => {
    throw new Error("no network");
  });
  const result = await away.files.upload(image);
  expect(result).toMatchObject({ ok: false, code: "offline" });
  expect(!result.ok && result.detail).toContain("cat.png: ");
  expect(away.waits.reduce((sum, wait) => sum + wait, 0)).toBeLessThan(35_000);
});

test("a refusal is not sent again, names the file, and ends the other uploads", async () => {
  const { files, asked } = stage(() => problem(413, "quota"));
  const sent = Array.from({ length: 20 }, (_, at) => new File([`${at}`], `${at}.txt`));

  const result = await files.withFiles("Look.", sent, {});

  expect(result).toMatchObject({ ok: false, code: "quota" });
  expect(!result.ok && result.detail).toMatch(/^\d\.txt: no\.$/);
  expect(asked.length).toBeLessThanOrEqual(3);
});

test("a file that is too large is refused unsent", async () => {
  const { files, asked } = stage();
  const large = { size: 33 * 2 ** 20, name: "film.mp4", type: "video/mp4" };

  const result = await files.upload(Object.setPrototypeOf(large, Blob.prototype) as Blob);

  expect(result).toMatchObject({ ok: false, code: "too_large" });
  expect(!result.ok && result.detail).toContain("film.mp4");
  expect(asked).toEqual([]);
});

test("an upload that is cancelled ends at once", async () => {
  const scene = stage(() => problem(503, "overloaded"));
  const ending = new AbortController();
  const options: UploadOptions = { signal: ending.signal };
  const result = scene.files.withFiles("", [image], options);
  ending.abort();

  expect(await result).toMatchObject({ ok: false, code: "aborted" });
  expect(scene.asked.length).toBeLessThanOrEqual(1);
});

const uri = `blob:${hashOf("a picture")}`;

test("a link is the same one until shortly before it expires, and another one when asked for", async () => {
  const { files, asked, wait } = stage();
  const link = async (renew?: boolean) => {
    const result = await files.link(uri, renew);
    return result.ok ? result.url : result.code;
  };

  const [first, same] = await Promise.all([link(), link()]);
  expect(first).toBe(`http://front/v1/blobs/${hashOf("a picture")}?link=1`);
  expect(same).toBe(first);
  wait(49 * 60_000);
  expect(await link()).toBe(first);
  wait(2 * 60_000);
  expect(await link()).not.toBe(first);
  await link(true);
  expect(asked).toHaveLength(3);
});

test("a link that was refused is asked for again, and only blobs have one", async () => {
  let refused = true;
  const { files } = stage(() => (refused ? problem(404, "not_found") : undefined));
  expect(await files.link(uri)).toMatchObject({ ok: false, code: "not_found" });
  refused = false;
  expect((await files.link(uri)).ok).toBe(true);
  expect(await files.link("https://elsewhere/cat.png")).toMatchObject({ code: "invalid" });
});

/** A client whose server takes only blobs. */
const sending = (answer: (init: RequestInit) => Promise<Response>) => {
  const fetch = ((url: string, init: RequestInit) =>
    url.endsWith("/v1/blobs")
      ? answer(init)
      : Promise.reject(new Error("offline"))) as typeof globalThis.fetch;
  const client = connect({ url: "http://front", store: memoryStore(), transport: "sse", fetch });
  const live = client.thread("tea");
  live.subscribe(() => undefined);
  return { client, live };
};

test("a message with files is shown when these are uploaded, and goes out behind them", async () => {
  let answer: (response: Response) => void = () => undefined;
  const { client, live } = sending(() => new Promise((resolve) => (answer = resolve)));
  await vi.waitFor(() => expect(client.device).not.toBe(""));

  void live.sendMessage("Look.", { files: [image], agent: "sees" });
  await vi.waitFor(() => expect(answer).toHaveLength(1));
  await vi.waitFor(() => {
    answer(Response.json({ uri, media_type: "image/png" }, { status: 201 }));
    expect(live.view.messages).toHaveLength(1);
  });

  expect(live.view.pending).toBe(1);
  const file = { type: "file", uri, media_type: "image/png", name: "cat.png" };
  expect(live.view.messages[0]?.parts).toEqual([file, { type: "text", text: "Look." }]);
  await client.close();
});

test("a message is not sent if one of its files can't be uploaded", async () => {
  const { client, live } = sending(() => Promise.resolve(problem(413, "quota")));

  const result = await live.sendMessage("Look.", { files: [image] });

  expect(result).toEqual({ ok: false, code: "quota", detail: "cat.png: no." });
  expect(live.view).toMatchObject({ messages: [], pending: 0 });
  await client.close();
});
