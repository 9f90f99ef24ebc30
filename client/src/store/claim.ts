// SPDX-License-Identifier: Apache-2.0
// claim.ts: finds a device id for this tab, where tabs can't share one (no locks).
//
// A tab keeps its device id in `sessionStorage`, so that it is the same after a reload. A
// duplicated tab has a copy of it, so the tab first asks the others which ids are taken. It takes
// over a device that has unanswered changes and whose tab is gone.

const answeredWithin = 150;
const key = "lockstep device";

export interface Claim {
  readonly device: string;
  release(): void;
}

export const claimDevice = async (
  name: string,
  fresh: string,
  owners: readonly string[],
): Promise<Claim> => {
  const channel =
    typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(`${name} devices`);
  const taken = new Set<string>();
  let device: string | null = null;
  if (channel !== null) {
    channel.onmessage = ({
      data,
    }: MessageEvent<{ readonly asks?: true; readonly taken?: string }>) => {
      if (typeof data.taken === "string") taken.add(data.taken);
      if (data.asks === true && device !== null) channel.postMessage({ taken: device });
    };
    channel.postMessage({ asks: true });
    await new Promise((over) => setTimeout(over, answeredWithin));
  }
  const storage = typeof sessionStorage === "undefined" ? null : sessionStorage;
  const own = storage?.getItem(`${key} ${name}`) ?? null;
  const free = [own, ...owners].find((it) => it !== null && !taken.has(it));
  device = free ?? fresh;
  channel?.postMessage({ taken: device });
  storage?.setItem(`${key} ${name}`, device);
  return { device, release: () => channel?.close() };
};
