// SPDX-License-Identifier: Apache-2.0
// @vitest-environment happy-dom
// notices.test.tsx: a change that was refused because another device was faster.

import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import type { LiveThread, Message, RefusedChange } from "lockstep-client";
import { afterEach, describe, expect, it, vi } from "vitest";

import { Refused } from "../src/chat/notices.js";

afterEach(cleanup);

const now = { id: "m", parts: [{ type: "text", text: "theirs" }] } as unknown as Message;

function show(change: RefusedChange["change"]) {
  const live = { edit: vi.fn(), remove: vi.fn(), dismiss: vi.fn() };
  const refused = [{ op: 7, change, code: "changed", detail: "", now }];
  render(
    <Refused refused={refused} live={live as unknown as LiveThread} onRestore={() => undefined} />,
  );
  return live;
}

describe("an edit that was refused as changed", () => {
  it("shows both texts, and can be sent once more", () => {
    const live = show({ type: "put_message", message: { id: "m", text: "mine" } });
    const said = screen.getByRole("alert").textContent;
    expect(said).toContain("mine");
    expect(said).toContain("theirs");

    fireEvent.click(screen.getByText("Use mine"));
    expect(live.edit).toHaveBeenCalledWith("m", "mine", { metadata: undefined });
    expect(live.dismiss).toHaveBeenCalledWith(7);
  });
});

describe("a deletion that was refused as changed", () => {
  it("shows the present message, and can be sent once more", () => {
    const live = show({ type: "delete_message", message: "m" });
    fireEvent.click(screen.getByText("Delete it"));
    expect(live.remove).toHaveBeenCalledWith("m");
    expect(live.dismiss).toHaveBeenCalledWith(7);
  });
});
