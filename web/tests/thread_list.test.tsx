// SPDX-License-Identifier: Apache-2.0
// thread_list.test.tsx: the cost of a list does not depend on its length, and keys, the search and
// screen readers reach all of it.

import { rendersOf, sumOf } from "./renders.js";

import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { LockstepProvider } from "lockstep-client/react";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { found } from "../src/chat/thread_list.js";
import { ChatPage } from "../src/chat/page.js";
import { cleanTitle } from "../src/chat/text.js";
import { placesOf } from "../src/chat/list_window.js";
import { FakeClient, threadOf } from "./fake_client.js";

const HEIGHT = 720;

beforeAll(() => {
  Object.defineProperty(HTMLElement.prototype, "clientHeight", { get: () => HEIGHT });
});
afterEach(cleanup);

function show(fake: FakeClient): void {
  // One client for the life of the page, as in the real page.
  const { client } = fake;
  render(
    <LockstepProvider client={client}>
      <ChatPage thread={fake.open.view.id} />
    </LockstepProvider>,
  );
}

const rows = (): HTMLElement[] => screen.queryAllByTestId("thread");
const link = (row: HTMLElement | undefined): HTMLElement | null =>
  row?.querySelector<HTMLElement>(":scope > a") ?? null;

function scrollTo(top: number): void {
  const list = screen.getByTestId("list");
  list.scrollTop = top;
  fireEvent.scroll(list);
}

/** The work of the page for one token. */
function costOf(count: number): object {
  const fake = FakeClient.streaming(count);
  show(fake);
  const token = (): void => act(() => fake.token());
  token();
  const made = vi.spyOn(Intl, "DateTimeFormat");
  const numbers = vi.spyOn(Intl, "NumberFormat");
  const dates = ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"] as const;
  const implied = dates.map((name) => vi.spyOn(Date.prototype, name));
  const renders = rendersOf(token);
  const formatters = [made, numbers, ...implied].map((spy) => spy.mock.calls.length);
  vi.restoreAllMocks();
  const cost = {
    components: sumOf(renders),
    rows: renders.get("ThreadRow") ?? 0,
    formatters: formatters.reduce((sum, one) => sum + one, 0),
  };
  cleanup();
  return cost;
}

describe("a token", () => {
  it("costs the same next to 10 threads and to 1,500: one row, and no formatter", () => {
    const few = costOf(10);

    expect(few).toMatchObject({ rows: 1, formatters: 0 });
    expect(costOf(1500)).toEqual(few);
  });
});

describe("a list of 1,500 threads", () => {
  it("draws the rows in sight, and gives each row its place in the whole list", () => {
    show(FakeClient.streaming(1500));
    expect(rows().length).toBeLessThan(40);
    expect(rows()[0]?.getAttribute("aria-posinset")).toBe("1");

    scrollTo(700 * 36);

    expect(rows().length).toBeLessThan(50);
    const places = rows().map((row) => Number(row.getAttribute("aria-posinset")));
    expect(places).toContain(701);
    expect(places).toContain(701 + HEIGHT / 36);
    expect(new Set(rows().map((row) => row.getAttribute("aria-setsize")))).toEqual(
      new Set(["1500"]),
    );
  });

  it("is gone through by keys, from one end to the other", () => {
    show(FakeClient.streaming(1500));
    act(() => link(rows()[0])?.focus());
    const press = (key: string): void => {
      fireEvent.keyDown(document.activeElement ?? document.body, { key });
    };
    const focused = (): string | undefined =>
      document.activeElement?.closest<HTMLElement>("[data-thread]")?.dataset["thread"];

    press("ArrowDown");
    press("ArrowDown");
    expect(focused()).toBe("t2");
    press("ArrowUp");
    expect(focused()).toBe("t1");
    press("End");
    expect(focused()).toBe("t1499");
    press("ArrowDown");
    expect(focused()).toBe("t1499");
    press("Home");
    expect(focused()).toBe("t0");
  });

  it("keeps the focus in a row that is scrolled out of sight", () => {
    show(FakeClient.streaming(1500));
    const first = link(rows()[0]);
    act(() => first?.focus());

    scrollTo(1000 * 36);

    expect(first?.isConnected).toBe(true);
    expect(document.activeElement).toBe(first);
    const places = rows().map((row) => Number(row.getAttribute("aria-posinset")));
    expect(places).toEqual([...places].sort((a, b) => a - b));
  });

  it("is searched as a whole, and shows how many were found", () => {
    show(FakeClient.streaming(1500));

    fireEvent.change(screen.getByTestId("find-thread"), { target: { value: "thread T149" } });

    expect(rows().length).toBe(11);
    expect(screen.getByText("11 threads found").getAttribute("role")).toBe("status");
    fireEvent.keyDown(screen.getByTestId("find-thread"), { key: "Escape" });
    expect(rows().length).toBeGreaterThan(11);
  });
});

describe("a search", () => {
  it("finds each word, however it is accented or cased", () => {
    const threads = [
      threadOf("a", 1, { title: "Café in Köln" }),
      threadOf("b", 2, { title: "Tea" }),
    ];
    expect(found(threads, " koln CAFE ").map((it) => it.id)).toEqual(["a"]);
    expect(found(threads, "").length).toBe(2);
    expect(found(threads, "coffee")).toEqual([]);
  });
});

describe("the rows that are drawn", () => {
  it("are those in sight and the one that has the focus, in order", () => {
    expect(placesOf({ first: 2, end: 5 }, -1)).toEqual([2, 3, 4]);
    expect(placesOf({ first: 2, end: 5 }, 3)).toEqual([2, 3, 4]);
    expect(placesOf({ first: 2, end: 5 }, 0)).toEqual([0, 2, 3, 4]);
    expect(placesOf({ first: 2, end: 5 }, 9)).toEqual([2, 3, 4, 9]);
  });
});

describe("a title", () => {
  it("is one clean line", () => {
    expect(cleanTitle("A user says **bold** and ```js let x")).toBe("A user says bold and let x");
    expect(cleanTitle("# See [this](https://a.example)\n`x` \u202egnp.exe\u0007")).toBe(
      "See this x gnp.exe",
    );
    expect(cleanTitle("2 * 3 * 4 = snake_case_name")).toBe("2 * 3 * 4 = snake_case_name");
  });
});
