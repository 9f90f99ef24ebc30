// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "engine/rules/digest.h"
#include "tests/laws/front.h"
#include "tests/sim/memory.h"

namespace lockstep::sim {
namespace {

constexpr std::size_t changes_at_once = 64;  // the protocol's
constexpr std::size_t offers_max = 24;       // a user would not offer more by hand

class ScreenMemory : public Memory {
 public:
  explicit ScreenMemory(DeviceIs is) : is_(std::move(is)) {}

  void change(What what) override {
    Change change;
    // Uses a number again: the server remembers another change under it.
    const bool again = std::exchange(repeats_, false) && ops_ > unanswered_.size() + 1;
    change.op = again ? Op(ops_ - unanswered_.size() - 1) : Op(++ops_);
    change.what = std::move(what);
    change.seen = cursor_;
    change.content = content_of(change);
    unanswered_.push_back(std::move(change));
  }
  [[nodiscard]] std::size_t unanswered() const override { return unanswered_.size(); }

  [[nodiscard]] SyncRequest request(const Asking& asking) override {
    SyncRequest request;
    request.thread = is_.thread;
    request.changes.user = is_.user;
    request.changes.device = is_.device;
    if (!forgotten_) request.changes.cursor = cursor_;
    request.window = is_.window;
    if ((asking.digest || damaged_) && request.changes.cursor) request.digest = digest_of_path();
    if (asking.if_head && screen_.thread) request.changes.if_head = screen_.thread->head;
    if (!asking.changes) return request;
    const std::size_t count = std::min(changes_at_once, unanswered_.size());
    request.changes.changes.assign(unanswered_.begin(),
                                   unanswered_.begin() + static_cast<std::ptrdiff_t>(count));
    return request;
  }
  void sent(std::uint64_t) override {}
  void lost(std::uint64_t) override {}

  Taken take(std::uint64_t, const Frame& frame) override {
    return std::visit([this](const auto& one) { return taken(one); }, frame.what);
  }
  [[nodiscard]] std::optional<Cursor> cursor() const override { return cursor_; }
  [[nodiscard]] const Screen& screen() override { return screen_; }
  [[nodiscard]] bool follows() const override { return !is_.window; }
  void check(Judge& judge) override {
    if (!cursor_ || damaged_) return;
    judge.check_screen(is_.thread, *cursor_, screen_, is_.device.get(), holds());
  }
  void save() override {
    if (!damaged_) saved_ = {screen_, cursor_};
  }
  void go_back() override {
    std::tie(screen_, cursor_) = saved_;
    damaged_ = false;
  }
  [[nodiscard]] bool damaged() const override { return damaged_; }
  bool damage() override {
    if (!cursor_ || forgotten_ || damaged_ || !screen_.thread) return false;
    const auto path = test::path_of(screen_, screen_.thread->head);
    if (!path || path->empty()) return false;
    for (Message& message : screen_.messages) {
      if (message.id == path->front().id) message.parts.edit().push_back(TextPart{"damage"});
    }
    damaged_ = true;
    return true;
  }
  void repeat_number() override { repeats_ = true; }
  [[nodiscard]] Op last_op() const override { return Op(ops_); }

 private:
  Taken taken(const SyncReply& reply) {
    for (const Outcome& outcome : reply.outcomes) answered(outcome.op);
    Taken taken;
    if (reply.cursor.at == Timestamp()) return taken;
    // A late reset: another line has brought later entries already.
    const bool same = cursor_ && cursor_->epoch == reply.cursor.epoch && !forgotten_;
    if (reply.reset && same && reply.cursor.at < screen_.now) {
      taken.sync_anew = damaged_;
      return taken;
    }
    // Only the answer to a request without a cursor is the whole thread: an older request's may
    // come behind the refusal.
    if (reply.reset || (forgotten_ && reply.diff.from == Timestamp())) {
      const Screen held = std::exchange(screen_, Screen());
      const bool was_damaged = std::exchange(damaged_, false);
      taken.wrong = test::take(screen_, reply.diff, holds());
      forgotten_ = false;
      cursor_ = reply.cursor;
      if (was_damaged) return taken;
      // The front offers the messages that only it still has.
      if (!reply.reset) offer(held, Timestamp());
      if (reply.reset && reply.reset->reason == "rewound") {
        offer(held, reply.reset->kept_until.value_or(Timestamp()));
      }
      return taken;
    }
    if (damaged_) {
      taken.wrong = "its copy is damaged, and the server does not replace it";
    } else if (is_.window && reply.diff.from != screen_.now) {
      // The diff leaves out rows that are outside of its window and newer than its `from`.
      return taken;
    } else if (reply.diff.from > screen_.now) {
      taken.sync_anew = true;
    } else if (reply.diff.to >= screen_.now) {
      taken.wrong = test::take(screen_, reply.diff, holds());
      cursor_ = reply.cursor;
    }
    return taken;
  }

  Taken taken(const std::shared_ptr<const Entry>& entry) {
    Taken taken;
    for (const Ack& ack : entry->acks) {
      if (ack.user == is_.user && ack.device == is_.device) answered(ack.outcome.op);
    }
    // With a window it only asks for diffs.
    if (!cursor_ || is_.window || damaged_ || entry->at <= screen_.now) return taken;
    if (entry->previous != screen_.now) {
      taken.sync_anew = true;
      return taken;
    }
    taken.wrong = test::take(screen_, *entry);
    cursor_->at = entry->at;
    return taken;
  }

  static Taken taken(const PartOfDiff&) { return {}; }  // the rest of it makes it whole

  [[nodiscard]] Taken taken(const Live& live) {
    Taken taken;
    if (is_.window || damaged_) return taken;
    taken.sync_anew = forgotten_ || !cursor_ || live.cursor.at > screen_.now;
    if (!taken.sync_anew && live.cursor.at == screen_.now) cursor_ = live.cursor;
    return taken;
  }

  Taken taken(const Refused& refused) {
    const Error& error = refused.error;
    Taken taken;
    taken.ended = true;
    if (error.code == "deleted") {
      taken.deleted = true;
    } else if (error.code == "unknown_history") {
      forgotten_ = true;  // the copy stays, and the front offers it
      if (unanswered_.empty()) offer(screen_, Timestamp());
    } else if (error.code != "unknown_thread" && error.code != "stopping" &&
               error.code != "overloaded" && error.code != "rewound") {
      taken.wrong = "it is refused as " + error.code;
    }
    return taken;
  }

  static Taken taken(const Ended& ended) {
    Taken taken;
    taken.ended = true;
    taken.deleted = ended.reason == "deleted";
    return taken;
  }

  void answered(std::optional<Op> op) {
    std::erase_if(unanswered_, [&](const Change& change) { return change.op == op; });
  }

  void offer(const Screen& held, Timestamp kept_until) {
    std::size_t offered = 0;
    for (const Message& message : held.messages) {
      if (message.created <= kept_until || message.status == MessageStatus::open) continue;
      if (screen_.message(message.id) && !forgotten_) continue;
      if (++offered > offers_max) return;
      PutMessage put;
      put.id = message.id;
      put.role = message.role;
      put.parts = message.parts;
      put.place = Place{Place::Kind::parent, message.parent};
      put.if_absent = true;
      Change change;
      change.op = Op(++ops_);
      change.what = std::move(put);
      change.content = content_of(change);
      unanswered_.push_back(std::move(change));
    }
  }

  [[nodiscard]] std::optional<Hash> digest_of_path() const {
    if (!screen_.thread) return std::nullopt;
    const auto path = test::path_of(screen_, screen_.thread->head);
    std::optional<Hash> hash;
    if (!path) return hash;
    for (const Message& message : *path) hash = digest(message, hash);
    return hash;
  }

  [[nodiscard]] test::Holds holds() const {
    return is_.window ? test::Holds::a_part : test::Holds::all;
  }

  DeviceIs is_;
  Screen screen_;
  std::optional<Cursor> cursor_;
  std::pair<Screen, std::optional<Cursor>> saved_;
  std::vector<Change> unanswered_;
  std::uint64_t ops_ = 0;
  bool damaged_ = false;    // its copy
  bool repeats_ = false;    // the next change a number
  bool forgotten_ = false;  // the server does not know the history of its copy
};

}  // namespace

std::unique_ptr<Memory> make_screen_memory(DeviceIs is) {
  return std::make_unique<ScreenMemory>(std::move(is));
}

}  // namespace lockstep::sim
