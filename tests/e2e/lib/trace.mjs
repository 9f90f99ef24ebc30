// SPDX-License-Identifier: Apache-2.0
// trace.mjs: measures a page's tasks with the browser's own trace.
//
// `longest` is the longest task of the page's main thread in milliseconds of processor time, which
// does not depend on other programs of the machine. `wall` is the same by the clock.

const categories = ["toplevel", "devtools.timeline", "disabled-by-default-devtools.timeline", "blink.user_timing"];

export async function traced(page, work) {
  const session = await page.context().newCDPSession(page);
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => events.push(...value));
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: categories },
  });
  await work();
  const complete = new Promise((over) => session.once("Tracing.tracingComplete", over));
  await session.send("Tracing.end");
  await complete;
  await session.detach();
  return summary(events, await page.evaluate(() => document.title));
}

function summary(events) {
  const mains = new Set(
    events
      .filter((it) => it.name === "thread_name" && it.args.name === "CrRendererMain")
      .map((it) => `${it.pid}.${it.tid}`),
  );
  const tasks = events.filter((it) => /RunTask$/.test(it.name) && mains.has(`${it.pid}.${it.tid}`) && it.ph === "X");
  const longest = (pick) => Math.max(0, ...tasks.map((it) => (pick(it) ?? 0) / 1000));
  return { tasks: tasks.length, longest: longest((it) => it.tdur), wall: longest((it) => it.dur) };
}
