// SPDX-License-Identifier: Apache-2.0
#include "engine/store/thread_snapshot.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/limits.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rules/fold.h"
#include "engine/rules/sizes.h"
#include "engine/store/keys.h"
#include "engine/store/packed.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

std::unexpected<Error> corrupt(std::string why) {
  return fail(Kind::corrupt, codes::corrupt, "views: " + std::move(why));
}

// --- State to rows -------------------------------------------------------------------------------

SnapshotHeader header_of(const ThreadState& state) {
  MUST(!state.running || *state.running < state.runs.size());
  return {.thread = state.thread,
          .owner = state.owner,
          .now = state.now,
          .titled = state.titled,
          .messages = packed::count(state.messages.size()),
          .runs = packed::count(state.runs.size()),
          .devices = packed::count(state.devices.size()),
          .running = state.running,
          .waiting = state.waiting,
          .awaiting = state.awaiting};
}

// A step may note opaque data of an open message, and leaves `updated` as it was.
bool is_changed(const MessageState& row, Timestamp after) {
  return row.message.updated > after ||
         (row.message.status == MessageStatus::open && !row.message.opaque.empty());
}

class RowMaker {
 public:
  RowMaker(ThreadNumber number, const ThreadState& state, Timestamp after)
      : number_(number), state_(state), after_(after) {}

  std::vector<RowWrite> rows() {
    // Always: its timestamp makes the unchanged rows part of the new snapshot.
    add(keys::ThreadPlace{}, header_of(state_));
    add_messages();
    add_runs();
    state_.devices.each([&](const DeviceKey& device, const DeviceMemory& memory) {
      const bool changed =
          std::ranges::any_of(memory.acks, [&](const Ack& ack) { return ack.outcome.at > after_; });
      if (changed) add(device, DeviceRow{device, memory});
    });
    return std::move(rows_);
  }

 private:
  void add_messages() {
    for (std::uint32_t number = 0; number < state_.messages.size(); ++number) {
      const MessageState& row = state_.messages[number];
      if (!is_changed(row, after_)) continue;
      add(keys::MessagePlace{number}, row);
      // A late cut of a message changes its run too (`cut_calls`), and the run has no event then.
      if (row.message.run) touched_.insert(*row.message.run);
    }
  }

  void add_runs() {
    for (std::uint32_t number = 0; number < state_.runs.size(); ++number) {
      const RunState& row = state_.runs[number];
      // A step may change nothing of an open run but its `seq`, which leaves `updated` as it was.
      if (row.updated > after_ || is_open(row.run.status) || touched_.contains(row.run.id)) {
        add(keys::RunPlace{number}, row);
      }
    }
  }

  template <class Value>
  void add(const keys::SnapshotPlace& place, const Value& value) {
    std::string key = keys::snapshot_row(number_, place);
    std::string bytes = encode(key, value);
    rows_.push_back({.table = Table::views, .key = std::move(key), .value = std::move(bytes)});
  }

  ThreadNumber number_;
  const ThreadState& state_;
  Timestamp after_;
  std::unordered_set<RunId> touched_;
  std::vector<RowWrite> rows_;
};

// --- Rows to state -------------------------------------------------------------------------------

// Takes a thread's rows in the order of their keys: devices, messages, runs, then the thread
// itself.
class Loader {
 public:
  explicit Loader(ThreadNumber number) : number_(number) {}

  Result<void> take(std::string_view key, std::string_view value) {
    const auto place = keys::decode_snapshot_row(number_, key);
    if (!place) return corrupt("a key can't be read");
    return std::visit([&](const auto& what) { return take(what, key, value); }, *place);
  }

  Result<ThreadState> state() {
    // The thread's row has the count. With fewer rows some are lost; more are of another snapshot.
    if (!header_) return corrupt("the thread's own row is missing");
    if (state_.messages.size() != header_->messages) return corrupt("messages are missing");
    if (state_.runs.size() != header_->runs) return corrupt("runs are missing");
    if (state_.devices.size() != header_->devices) return corrupt("devices are missing");
    TRY(check());
    state_.thread = header_->thread;
    state_.owner = header_->owner;
    state_.now = header_->now;
    state_.titled = header_->titled;
    state_.running = header_->running;
    state_.waiting = header_->waiting;
    state_.awaiting = header_->awaiting;
    MUST(state_.message_numbers.size() == state_.messages.size());
    MUST(state_.run_numbers.size() == state_.runs.size());
    return std::move(state_);
  }

 private:
  Result<void> take(const keys::ThreadPlace&, std::string_view key, std::string_view value) {
    TRY_LET(header, decode_snapshot_header(key, value));
    header_ = std::move(header);
    return {};
  }

  Result<void> take(const keys::MessagePlace& place, std::string_view key, std::string_view value) {
    TRY_LET(row, decode_message_state(key, value));
    if (place.number != state_.messages.size()) return corrupt("a message is missing");
    // Parents are older than their children.
    const auto& parent = row.message.parent;
    if (parent && !state_.message_numbers.find(*parent)) return corrupt("a message has no parent");
    if (state_.message_numbers.find(row.message.id)) return corrupt("a message is there twice");
    state_.message_numbers.edit(row.message.id) = place.number;
    state_.messages.add(std::move(row));
    return {};
  }

  Result<void> take(const keys::RunPlace& place, std::string_view key, std::string_view value) {
    TRY_LET(row, decode_run_state(key, value));
    if (place.number != state_.runs.size()) return corrupt("a run is missing");
    if (state_.run_numbers.find(row.run.id)) return corrupt("a run is there twice");
    for (const std::uint32_t message : row.messages) {
      if (message >= state_.messages.size())
        return corrupt("a run wrote a message that is not there");
    }
    if (!known(row.run.head) || !known(row.run.place.message)) {
      return corrupt("a run names a message that is not there");
    }
    state_.run_numbers.edit(row.run.id) = place.number;
    state_.runs.add(std::move(row));
    return {};
  }

  Result<void> take(const DeviceKey& device, std::string_view key, std::string_view value) {
    TRY_LET(row, decode_device_row(key, value));
    if (row.device != device) return corrupt("a device's row lies under another's key");
    state_.devices.edit(device) = std::move(row.memory);
    return {};
  }

  // Do the rows name only rows that are there?
  Result<void> check() const {
    for (std::uint32_t number = 0; number < state_.messages.size(); ++number) {
      const auto& run = state_.messages[number].message.run;
      if (run && !state_.run_numbers.find(*run)) return corrupt("a message's run is not there");
    }
    if (!known(header_->thread.head)) return corrupt("the head is not there");
    if (header_->running && *header_->running >= state_.runs.size()) {
      return corrupt("the running run is not there");
    }
    for (const std::uint32_t run : header_->waiting) {
      if (run >= state_.runs.size()) return corrupt("a waiting run is not there");
    }
    for (const std::uint32_t run : header_->awaiting) {
      if (run >= state_.runs.size()) return corrupt("a run that waits for answers is not there");
    }
    for (std::uint32_t number = 0; number < state_.runs.size(); ++number) {
      const RunStatus status = state_.runs[number].run.status;
      if ((status == RunStatus::running) != (header_->running == number)) {
        return corrupt("the thread's row names another running run");
      }
      if ((status == RunStatus::queued) != (std::ranges::count(header_->waiting, number) == 1)) {
        return corrupt("the thread's row names other waiting runs");
      }
    }
    if (is_later_than_clocks(header_->now)) return corrupt("it is later than any clock");
    return {};
  }

  [[nodiscard]] bool known(const std::optional<MessageId>& id) const {
    return !id || state_.message_numbers.find(*id) != nullptr;
  }

  ThreadNumber number_;
  ThreadState state_;
  std::optional<SnapshotHeader> header_;
};

}  // namespace

std::vector<RowWrite> snapshot_rows(ThreadNumber number, const ThreadState& state,
                                    Timestamp after) {
  return RowMaker(number, state, after).rows();
}

std::size_t snapshot_bytes(const ThreadState& state, Timestamp after) {
  std::size_t bytes = 0;
  for (std::uint32_t number = 0; number < state.messages.size(); ++number) {
    const MessageState& row = state.messages[number];
    if (is_changed(row, after)) bytes += size_of(row.message);
  }
  return bytes;
}

Result<ThreadState> load_snapshot(const Store& store, ThreadNumber number) {
  Loader loader(number);
  Scan scan{.table = Table::views,
            .prefix = keys::snapshot(number),
            .after = {},
            .direction = Direction::forward,
            .rows_max = limits::list_max};
  while (true) {
    TRY_LET(rows, store.scan(scan));
    for (const auto& [key, value] : rows) {
      TRY(loader.take(key, value));
    }
    if (rows.size() < scan.rows_max) return loader.state();
    scan.after = rows.back().first;
  }
}

}  // namespace lockstep
