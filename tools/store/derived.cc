// SPDX-License-Identifier: Apache-2.0
#include "tools/store/derived.h"

#include <algorithm>
#include <iterator>

#include "engine/store/blob_rows.h"
#include "engine/store/keys.h"
#include "engine/store/open_runs.h"
#include "engine/store/row_codec.h"
#include "engine/store/thread_snapshot.h"

namespace lockstep {

std::vector<RowWrite> derived_rows(const FoldedThread& thread) {
  const ThreadState& state = thread.state;
  const ThreadName name = name_of(state);
  std::vector<RowWrite> rows = snapshot_rows(thread.number, state, Timestamp());
  for (std::uint32_t run = 0; run < state.runs.size(); ++run) {
    const Run& open = state.runs[run].run;
    if (open.ended) continue;
    const std::string key = keys::open_run({thread.number, run});
    rows.push_back(
        {Table::open_runs, key, encode(key, open_run_of(state, open)), RowWrite::Stamp::none});
  }
  const std::string key = keys::thread(name);
  const ThreadRecord record{name.id, thread.number, name.owner, state.thread, state.now, state.now};
  rows.push_back({Table::threads, key,
                  encode(key, record) + keys::encode_number(thread.boundary.get()),
                  RowWrite::Stamp::none});
  rows.push_back({Table::feed, keys::feed(state.owner, thread.boundary),
                  encode(keys::feed(state.owner), FeedRow{name, false}), RowWrite::Stamp::none});
  std::ranges::move(blob_rows::of(name.owner, thread.number, thread.blobs),
                    std::back_inserter(rows));
  return rows;
}

}  // namespace lockstep
