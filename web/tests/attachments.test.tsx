// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// attachments.test.tsx: files of a message, from the paste to the screen.

import { act, cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { FilePart, Result, ThreadView } from "lockstep-client";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { ChatPage } from "../src/chat/page.js";
import { sizeText } from "../src/chat/text.js";
import { FakeClient } from "./fake_client.js";
import { messageOf as message, text, thread } from "./views.js";

const cat = new File(["meow"], "cat.png", { type: "image/png" });
const notes = new File(["some notes"], "notes.txt", { type: "text/plain" });

beforeEach(() => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:preview");
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue(undefined);
});

let fake: FakeClient;

// A draft stays with its thread while the page lives, so each test leaves none.
afterEach(async () => {
  for (const remove of screen.queryAllByLabelText(/^Remove/)) fireEvent.click(remove);
  cleanup();
  vi.restoreAllMocks();
});

function show(view: Partial<ThreadView> = {}): FakeClient {
  fake = new FakeClient([thread], view);
  render(
    <LockstepProvider client={fake.client}>
      <ChatPage thread="tea" />
    </LockstepProvider>,
  );
  return fake;
}

const paste = (files: readonly File[], types: readonly string[] = ["Files"]): boolean =>
  fireEvent.paste(screen.getByTestId("composer"), { clipboardData: { files, types } });

const names = (): (string | null)[] =>
  screen.queryAllByTestId("attachment").map((it) => it.querySelector("span")?.textContent ?? null);

const write = (said: string): void => {
  fireEvent.change(screen.getByTestId("composer"), { target: { value: said } });
};

const send = (): void => void fireEvent.click(screen.getByTestId("send"));

describe("files of a message that is written", () => {
  it("are pasted, dropped and chosen, and shown with name, type and size", () => {
    show();
    expect(paste([cat])).toBe(false);
    const dataTransfer = { types: ["Files"], files: [notes] };
    fireEvent.drop(screen.getByTestId("conversation"), { dataTransfer });
    const chosen = new File(["x"], "data.bin");
    fireEvent.change(screen.getByTestId("files"), { target: { files: [chosen] } });

    expect(names()).toEqual(["cat.png", "notes.txt", "data.bin"]);
    const [first, second] = screen.getAllByTestId("attachment");
    expect(first?.querySelector("img")?.getAttribute("src")).toBe("blob:preview");
    expect(second?.querySelector("img")).toBeNull();
    expect(second?.textContent).toContain("text/plain, 10 B");
  });

  it("leave text that is pasted with a picture of it to the field", () => {
    show();
    expect(paste([cat], ["text/plain", "Files"])).toBe(true);
    expect(names()).toEqual([]);
  });

  it("can be removed, by a button that names them, and the field has the focus then", () => {
    show();
    paste([cat, notes]);

    fireEvent.click(screen.getByRole("button", { name: "Remove cat.png" }));

    expect(names()).toEqual(["notes.txt"]);
    expect(document.activeElement).toBe(screen.getByTestId("composer"));
  });

  it("mark the place where they may be dropped", () => {
    show();
    const place = screen.getByTestId("conversation");
    fireEvent.dragOver(place, { dataTransfer: { types: ["Files"] } });
    expect(place.dataset["drop"]).toBe("");
    fireEvent.dragLeave(place);
    expect(place.dataset["drop"]).toBeUndefined();
    fireEvent.dragOver(place, { dataTransfer: { types: ["text/plain"] } });
    expect(place.dataset["drop"]).toBeUndefined();
  });
});

describe("a message with files", () => {
  it("leaves the composer when its files are uploaded, and not before", async () => {
    const { messages } = show();
    fake.uploaded = 1;
    let answer: (result: Result<{ run: string; message: string }>) => void = () => undefined;
    fake.outcome = new Promise((resolve) => (answer = resolve));
    paste([cat, notes]);
    write("Look.");

    send();

    expect(screen.getByTestId("sending").textContent).toContain("Uploading");
    expect(screen.getByTestId<HTMLButtonElement>("send").disabled).toBe(true);
    expect(messages).toEqual([{ said: { parts: [text("Look.")] }, files: [cat, notes] }]);
    expect(names()).toHaveLength(2);
    await act(async () => answer(fake.sent));
    await waitFor(() => expect(names()).toEqual([]));
    expect(screen.getByTestId<HTMLTextAreaElement>("composer").value).toBe("");
  });

  it("may have no text", async () => {
    const { messages } = show();
    paste([cat]);
    send();
    expect(messages).toEqual([{ said: { parts: [] }, files: [cat] }]);
    await waitFor(() => expect(names()).toEqual([]));
  });

  it("stays in the composer if a file can't be uploaded, and says which", async () => {
    show();
    fake.uploaded = 0;
    fake.sent = { ok: false, code: "too_large", detail: "cat.png: it is too large." };
    paste([cat]);
    write("Look.");

    send();

    await screen.findByTestId("not-sent");
    expect(screen.getByTestId("not-sent").textContent).toContain("cat.png: it is too large.");
    expect(names()).toEqual(["cat.png"]);
    expect(screen.getByTestId<HTMLTextAreaElement>("composer").value).toBe("Look.");
    write("");
  });

  it("that waited in vain is written again with its files", () => {
    const part: FilePart = { type: "file", uri: `blob:sha256-${"0".repeat(64)}`, name: "cat.png" };
    const { messages } = show({
      unsent: [{ run: "r", input: [{ parts: [part, text("Look.")] }], pending: false }],
    });
    expect(screen.getByTestId("unsent").textContent).toContain("cat.png");

    fireEvent.click(screen.getByText("Write again"));
    send();

    expect(messages).toEqual([{ said: { parts: [part, text("Look.")] }, files: [] }]);
    expect(names()).toEqual([]);
  });
});

describe("an uploaded file in a message", () => {
  const uri = `blob:sha256-${"0".repeat(64)}`;
  const shows = (file: Partial<FilePart>): FakeClient =>
    show({ messages: [message("m", "user", { parts: [{ type: "file", uri, ...file }] })] });

  it("is an image by a link, and by another one when that does not work any more", async () => {
    const { asked } = shows({ media_type: "image/png", name: "cat.png" });
    const image = await screen.findByTestId("image");
    expect(image.getAttribute("src")).toBe(`/link/${uri}`);
    expect(image.getAttribute("alt")).toBe("cat.png");

    fireEvent.error(image);

    await screen.findByTestId("image");
    expect(asked).toEqual(["link", "link again"]);
  });

  it("that is gone says so", async () => {
    shows({ media_type: "image/png", name: "cat.png" });
    fake.link = () => ({ ok: false, code: "not_found", detail: "" });
    cleanup();
    render(
      <LockstepProvider client={fake.client}>
        <ChatPage thread="tea" />
      </LockstepProvider>,
    );
    expect((await screen.findByTestId("file-gone")).textContent).toBe("cat.png can't be shown.");
  });

  it("of another type is a download", async () => {
    const { asked } = shows({ media_type: "application/pdf", name: "tea.pdf" });
    const clicked = vi.spyOn(HTMLAnchorElement.prototype, "click").mockReturnValue(undefined);

    fireEvent.click(screen.getByTestId("download"));

    await waitFor(() => expect(clicked).toHaveBeenCalledTimes(1));
    const link = clicked.mock.contexts[0] as HTMLAnchorElement;
    expect([link.getAttribute("href"), link.download]).toEqual([`/link/${uri}`, "tea.pdf"]);
    expect(asked).toEqual(["link"]);
  });

  it("of a type that can act, as SVG and HTML, is never shown", () => {
    for (const type of ["image/svg+xml", "text/html", "application/xhtml+xml"]) {
      shows({ media_type: type, name: "x" });
      expect(screen.queryByTestId("image")).toBeNull();
      expect(screen.queryByTestId("download")).not.toBeNull();
      cleanup();
    }
  });
});

it("a size has a unit that fits", () => {
  expect([0, 340, 1536, 33 * 2 ** 20].map(sizeText)).toEqual([
    "0 B",
    "340 B",
    "1.5 KiB",
    "33.0 MiB",
  ]);
});
