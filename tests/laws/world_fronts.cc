// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "tests/laws/front.h"
#include "tests/laws/world_life.h"

namespace lockstep::test {

void EngineWorld::front_acts(Front& front) {
  const std::uint64_t dice = upto(64);
  const bool gone = truth(front.thread).deleted;
  if (dice < 16 && !gone) {
    if (front.in_flight < 2) say_changes(front);
  } else if (dice < 24) {
    if (front.in_flight < 2) say_again(front);
  } else if (dice < 30) {
    catch_up(front);
  } else if (dice < 35) {
    front.joined ? leave(front) : join(front);
  } else if (dice < 38) {
    rewind(front);
  } else if (dice < 54) {
    take_slice(front);
  } else if (dice < 58) {
    read(front);
  } else if (dice < 61) {
    ask_wrongly(front);
  } else if (dice == 62 && one_in(6)) {
    erase(front);
  }
}

SyncRequest EngineWorld::request(const Front& front) const {
  SyncRequest request;
  request.thread = front.thread;
  request.changes.user = front.device.first;
  request.changes.device = front.device.second;
  if (front.screen.now != Timestamp()) request.changes.cursor = Cursor{front.screen.now, *epoch_};
  return request;
}

// The diff must lead to the present state: from the state that the front held at its request, and
// from every state since.
void EngineWorld::show(Front& front, const SyncReply& reply, const Screen& held) {
  const Screen& there = truth(front.thread).screen(reply.cursor.at);
  Screen screen = held;
  std::string wrong = take(screen, reply.diff);
  if (wrong.empty()) wrong = difference(screen, there);
  if (!wrong.empty()) return found("a diff leads to something else: " + wrong);
  count("diff");
  if (front.screen.now > reply.cursor.at) return;
  if (front.screen.now < reply.diff.from) return;  // it has gone back since
  if (front.screen.now > held.now) count("diff to a screen that went on");
  wrong = take(front.screen, reply.diff);
  if (wrong.empty()) wrong = difference(front.screen, there);
  if (!wrong.empty()) found("a diff does not fit a screen between: " + wrong);
  front.gap = Timestamp();
}

void EngineWorld::catch_up(Front& front) {
  doing_ = "a front of " + to_string(front.thread) + " catches up";
  auto made = call("a request for a diff", front.thread);
  const SyncRequest asked = request(front);
  const Screen held = asked.changes.cursor ? front.screen : Screen();
  inside_ = true;
  life_->engine->sync(asked, [this, &front, asked, held, made](const Result<SyncReply>& reply) {
    replied(front, asked, held, reply, *made);
  });
  inside_ = false;
}

// Requests for another history, or another user's thread, must get their named errors.
void EngineWorld::ask_wrongly(Front& front) {
  doing_ = "a front asks for what is not there";
  const bool there = truth(front.thread).shown != Timestamp() && !truth(front.thread).erase_asked;
  SyncRequest asked = request(front);
  std::string expected = "unknown_history";
  const std::uint64_t dice = upto(3);
  if (dice == 0 && there) {
    asked.changes.cursor = Cursor{Timestamp(clock_.now_ + 1'000'000'000), *epoch_};
    count("cursor ahead of the log");
  } else if (dice == 1 && there) {
    asked.changes.cursor = Cursor{truth(front.thread).last(), Epoch(epoch_->get() + 1)};
    count("cursor of a foreign epoch");
  } else if (dice == 2 && there) {
    asked.changes.user = UserId("carl");
    expected = "unknown_thread";
    count("thread of another user");
  } else {
    asked.thread = {asked.changes.user, ThreadId("never-" + front.device.first.get())};
    asked.changes.cursor = Cursor{Timestamp(5), *epoch_};
    count("cursor of a thread that never was");
  }
  if (one_in(2) && dice < 2) asked.changes.changes.push_back(change_of(put("wrong", word())));
  auto made = call("a wrong request", asked.thread);
  const auto cursor = asked.changes.cursor;
  inside_ = true;
  if (dice < 2 && there) {
    const auto good = life_->engine->check_cursor(std::nullopt, asked.thread, *cursor);
    if (good || good.error().code != expected) found("a wrong cursor is good");
  }
  life_->engine->sync(asked, [this, made, expected](const Result<SyncReply>& reply) {
    answered(*made);
    if (!reply && reply.error().code == "deleted" && truth(made->thread).erase_asked) return;
    if (!reply && reply.error().code == "stopping" && stopping_) return;
    if (reply || reply.error().code != expected) {
      found("a wrong request is answered " + (reply ? "well" : reply.error().code));
    }
  });
  inside_ = false;
}

// --- Following -----------------------------------------------------------------------------------

void EngineWorld::join(Front& front) {
  doing_ = "a front joins " + to_string(front.thread);
  const auto made = call("to join", front.thread);
  made->answered = true;
  const auto joined = life_->engine->join(front.device.first, front.thread, front);
  if (!joined) return check_error(*made, joined.error().code);
  if (made->was_deleted) return found("a deleted thread is joined");
  front.joined = front.dirty = true;
  if (front.screen.now != Timestamp()) count("rejoin");
}

void EngineWorld::leave(Front& front) {
  doing_ = "a front leaves " + to_string(front.thread);
  life_->engine->leave(front.thread, front);
  front.joined = front.dirty = false;
}

// The front loses its latest entries, and continues from an earlier time.
void EngineWorld::rewind(Front& front) {
  doing_ = "a front of " + to_string(front.thread) + " goes back";
  const auto& entries = truth(front.thread).entries();
  front.gap = Timestamp();
  if (truth(front.thread).shown == Timestamp()) return;
  const Timestamp at = std::min(entries[upto(entries.size())]->at, truth(front.thread).shown);
  front.screen = truth(front.thread).screen(at);
  if (one_in(8)) front.screen = Screen();
  const Entry* next = truth(front.thread).next(front.screen.now);
  if (next && next->at.get() > front.screen.now.get() + 1 && one_in(2)) {
    front.gap = Timestamp(next->at.get() - 1);  // no entry's timestamp
    count("cursor between two entries");
  }
  if (front.joined) front.dirty = true;
}

void EngineWorld::take_slice(Front& front) {
  doing_ = "a front takes of " + to_string(front.thread);
  if (front.joined && !front.dirty) return;
  const auto made = call("a slice of entries", front.thread);
  made->answered = true;
  const std::uint64_t from_log = life_->metrics.entries_read_from_log;
  const std::uint64_t from_tail = life_->metrics.entries_read_from_tail;
  const std::size_t sizes[] = {1, 300, 2'000, 1'000'000};
  const Timestamp after = std::max(front.screen.now, front.gap);
  const auto slice =
      life_->engine->entries(front.device.first, front.thread, after, sizes[upto(4)]);
  if (!slice) {
    check_error(*made, slice.error().code);
    if (front.joined) leave(front);
    return;
  }
  if (made->was_deleted) return found("a deleted thread is followed");
  if (front.joined && life_->metrics.entries_read_from_log > from_log)
    count("follower behind the tail");
  if (life_->metrics.entries_read_from_tail > from_tail) count("entries from the tail");
  if (slice->end != Timestamp()) is_durable(front.thread, slice->end, "a slice");
  if (slice->entries.empty() && after < slice->end) return found("a slice is empty before the end");
  for (const auto& published : slice->entries) {
    const Entry* known = truth(front.thread).entry(published->entry->at);
    if (!known) return is_durable(front.thread, published->entry->at, "a follower's entry");
    if (*known != *published->entry) return found("a follower gets another entry");
    if (std::string wrong = take(front.screen, *published->entry); !wrong.empty()) {
      return found("a follower of " + to_string(front.thread) + ": " + wrong);
    }
    count("entry followed");
  }
  if (!slice->entries.empty()) front.gap = Timestamp();
  const std::string wrong = difference(front.screen, truth(front.thread).screen(front.screen.now));
  if (!wrong.empty()) found("entries lead to something else: " + wrong);
  front.dirty = front.screen.now < slice->end;
}

// --- Reading and erasing -------------------------------------------------------------------------

void EngineWorld::read(Front& front) {
  doing_ = "a front reads " + to_string(front.thread);
  const auto& entries = truth(front.thread).entries();
  const auto made = call("a reading", front.thread);
  made->answered = true;
  std::optional<Timestamp> at;
  if (!entries.empty() && front.screen.now != Timestamp() && one_in(2)) {
    at = entries[upto(entries.size())]->at;
    if (*at > front.screen.now) at = front.screen.now;
  }
  const auto reading = life_->engine->read(front.device.first, front.thread, at);
  if (!reading) return check_error(*made, reading.error().code);
  if (made->was_deleted) return found("a deleted thread is read");
  is_durable(front.thread, reading->cursor.at, "a reading");
  if (at && reading->cursor.at != *at) return found("a reading is of another time");
  const std::string wrong =
      difference(reading->screen, truth(front.thread).screen(reading->cursor.at));
  if (!wrong.empty()) found("a reading shows something else: " + wrong);
  count(at ? "reading of an earlier time" : "reading");
  const auto& runs = truth(front.thread).runs();
  // The engine does not know a run whose start is durable and not yet reported to it.
  if (!at && !runs.empty() && front.screen.now == truth(front.thread).last()) {
    check_context(front.thread, runs[upto(runs.size())]);
  }
}

void EngineWorld::erase(Front& front) {
  doing_ = "a front deletes " + to_string(front.thread);
  auto made = call("a deletion", front.thread);
  if (truth(front.thread).there()) truth(front.thread).erase_asked = true;
  inside_ = true;
  life_->engine->erase(front.device.first, front.thread, [this, made](const Result<void>& result) {
    answered(*made);
    if (!result) return check_error(*made, result.error().code);
    erased(made->thread);
  });
  inside_ = false;
}

void EngineWorld::erased(const ThreadName& thread) {
  count("deletion");
  was_told_deleted(thread);
  if (!records_.bytes_gone(life_->kv, thread)) found("a deleted thread's bytes are still there");
  if (one_in(2)) cut_next_ = true;
}

// Unreachable at once and for ever, in every way.
void EngineWorld::ask_deleted() {
  doing_ = "somebody asks for a deleted thread";
  if (gone_.empty()) return;
  const ThreadName thread = gone_[upto(gone_.size())];
  const auto user = truth(thread).devices().empty() ? std::optional<UserId>()
                                                    : truth(thread).devices().begin()->first;
  Engine& engine = *life_->engine;
  const auto is_deleted = [this](const auto& result) {
    if (result || result.error().code != "deleted") found("a deleted thread answers");
  };
  count("deleted thread asked for");
  is_deleted(engine.read(user, thread, std::nullopt));
  is_deleted(engine.entries(user, thread, Timestamp(), 1'000));
  is_deleted(engine.check_cursor(user, thread, Cursor{Timestamp(1), *epoch_}));
  is_deleted(engine.run(user, thread, RunId("any")));
  is_deleted(engine.context(user, thread, RunId("any")));
}

}  // namespace lockstep::test
