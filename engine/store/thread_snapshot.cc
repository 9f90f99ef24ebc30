// SPDX-License-Identifier: Apache-2.0
#include "engine/store/thread_snapshot.h"

#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "engine/base/limits.h"
#include "engine/rules/sizes.h"
#include "engine/store/keys.h"
#include "engine/store/packed.h"
#include "engine/store/row_codec.h"

namespace lockstep {
namespace {

std::unexpected<Error> corrupt(std::string why) {
  return fail(Kind::corrupt, "corrupt", "views: " + std::move(why));
}

// --- State to rows -------------------------------------------------------------------------------

ThreadView thread_view(const ThreadState& state) {
  return {.thread = state.thread,
          .owner = state.owner,
          .now = state.now,
          .titled = state.titled,
          .messages = packed::count(state.messages.size()),
          .runs = packed::count(state.runs.size()),
          .devices = packed::count(state.devices.size()),
          .running = state.running,
          .waiting = state.waiting};
}

class RowMaker {
 public:
  RowMaker(ThreadNumber number, const ThreadState& state, Timestamp after)
      : number_(number), state_(state), after_(after) {}

  std::vector<Row> rows() {
    add(keys::ThreadPlace{}, thread_view(state_));
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
      const MessageRow& row = state_.messages[number];
      if (row.message.updated <= after_) continue;
      add(keys::MessagePlace{number}, row);
      // A late cut of a message leaves its mark on the run, which has no event of its own then.
      if (row.message.run) touched_.insert(*row.message.run);
    }
  }

  void add_runs() {
    for (std::uint32_t number = 0; number < state_.runs.size(); ++number) {
      const RunRow& row = state_.runs[number];
      // An open run takes steps that change nothing but its `seq`.
      if (row.updated > after_ || is_open(row.run.status) || touched_.contains(row.run.id)) {
        add(keys::RunPlace{number}, row);
      }
    }
  }

  template <class Value>
  void add(const keys::ViewPlace& place, const Value& value) {
    std::string key = keys::view(number_, place);
    std::string bytes = encode(key, value);
    rows_.push_back({.table = Table::views, .key = std::move(key), .value = std::move(bytes)});
  }

  ThreadNumber number_;
  const ThreadState& state_;
  Timestamp after_;
  std::unordered_set<RunId> touched_;
  std::vector<Row> rows_;
};

// --- Rows to state -------------------------------------------------------------------------------

// Takes a thread's rows in the order of their keys: devices, messages, runs, then the thread
// itself.
class Loader {
 public:
  explicit Loader(ThreadNumber number) : number_(number) {}

  Result<void> take(std::string_view key, std::string_view value) {
    const auto place = keys::decode_view(number_, key);
    if (!place) return corrupt("a key that can't be");
    return std::visit([&](const auto& what) { return take(what, key, value); }, *place);
  }

  Result<ThreadState> state() {
    if (!view_) return corrupt("the thread's own row is missing");
    if (state_.messages.size() != view_->messages) return corrupt("messages are missing");
    if (state_.runs.size() != view_->runs) return corrupt("runs are missing");
    if (state_.devices.size() != view_->devices) return corrupt("devices are missing");
    if (auto checked = check(); !checked) return std::unexpected(checked.error());
    state_.thread = view_->thread;
    state_.owner = view_->owner;
    state_.now = view_->now;
    state_.titled = view_->titled;
    state_.running = view_->running;
    state_.waiting = view_->waiting;
    return std::move(state_);
  }

 private:
  Result<void> take(const keys::ThreadPlace&, std::string_view key, std::string_view value) {
    auto view = decode_thread_view(key, value);
    if (!view) return std::unexpected(view.error());
    view_ = std::move(*view);
    return {};
  }

  Result<void> take(const keys::MessagePlace& place, std::string_view key, std::string_view value) {
    auto row = decode_message_row(key, value);
    if (!row) return std::unexpected(row.error());
    if (place.number != state_.messages.size()) return corrupt("a message is missing");
    // Parents are older than their children.
    const auto& parent = row->message.parent;
    if (parent && !state_.message_numbers.find(*parent)) return corrupt("a message has no parent");
    if (state_.message_numbers.find(row->message.id)) return corrupt("a message is there twice");
    state_.message_numbers.edit(row->message.id) = place.number;
    state_.messages.add(std::move(*row));
    return {};
  }

  Result<void> take(const keys::RunPlace& place, std::string_view key, std::string_view value) {
    auto row = decode_run_row(key, value);
    if (!row) return std::unexpected(row.error());
    if (place.number != state_.runs.size()) return corrupt("a run is missing");
    if (state_.run_numbers.find(row->run.id)) return corrupt("a run is there twice");
    for (const std::uint32_t message : row->messages) {
      if (message >= state_.messages.size())
        return corrupt("a run wrote a message that is not there");
    }
    if (!known(row->run.head) || !known(row->run.place.message)) {
      return corrupt("a run names a message that is not there");
    }
    state_.run_numbers.edit(row->run.id) = place.number;
    state_.runs.add(std::move(*row));
    return {};
  }

  Result<void> take(const DeviceKey& device, std::string_view key, std::string_view value) {
    auto row = decode_device_row(key, value);
    if (!row) return std::unexpected(row.error());
    if (row->device != device) return corrupt("a device's row lies under another's key");
    state_.devices.edit(device) = std::move(row->memory);
    return {};
  }

  // What the rows say of one another.
  Result<void> check() const {
    for (std::uint32_t number = 0; number < state_.messages.size(); ++number) {
      const auto& run = state_.messages[number].message.run;
      if (run && !state_.run_numbers.find(*run)) return corrupt("a message's run is not there");
    }
    if (!known(view_->thread.head)) return corrupt("the head is not there");
    if (view_->running && *view_->running >= state_.runs.size()) {
      return corrupt("the running run is not there");
    }
    for (const std::uint32_t run : view_->waiting) {
      if (run >= state_.runs.size()) return corrupt("a waiting run is not there");
    }
    return {};
  }

  [[nodiscard]] bool known(const std::optional<MessageId>& id) const {
    return !id || state_.message_numbers.find(*id) != nullptr;
  }

  ThreadNumber number_;
  ThreadState state_;
  std::optional<ThreadView> view_;
};

}  // namespace

std::vector<Row> view_rows(ThreadNumber number, const ThreadState& state, Timestamp after) {
  return RowMaker(number, state, after).rows();
}

std::size_t view_bytes(const ThreadState& state, Timestamp after) {
  std::size_t bytes = 0;
  for (std::uint32_t number = 0; number < state.messages.size(); ++number) {
    const MessageRow& row = state.messages[number];
    if (row.message.updated > after) bytes += size_of(row.message);
  }
  return bytes;
}

Result<ThreadState> load_views(const Store& store, ThreadNumber number) {
  Loader loader(number);
  Scan scan{.table = Table::views,
            .prefix = keys::views(number),
            .after = {},
            .direction = Direction::forward,
            .rows_max = limits::list_max};
  while (true) {
    const auto rows = store.scan(scan);
    if (!rows) return std::unexpected(rows.error());
    for (const auto& [key, value] : *rows) {
      if (auto taken = loader.take(key, value); !taken) return std::unexpected(taken.error());
    }
    if (rows->size() < scan.rows_max) return loader.state();
    scan.after = rows->back().first;
  }
}

}  // namespace lockstep
