// SPDX-License-Identifier: Apache-2.0
// visits.cc: reads besides syncs: of the past by the thread's user, and of other users' threads.
#include <algorithm>

#include "tests/laws/front.h"
#include "tests/sim/world.h"
#include "tests/support/given.h"

namespace lockstep::sim {
namespace {

// The right content of the page above a message: the end of the path above it.
std::vector<Message> page_of(const Screen& screen, const MessageId& before, std::size_t limit,
                             bool& older) {
  std::vector<Message> path = test::path_of(screen, before).value_or(std::vector<Message>());
  if (!path.empty()) path.pop_back();
  older = path.size() > limit;
  if (older) path.erase(path.begin(), path.end() - static_cast<std::ptrdiff_t>(limit));
  return path;
}

}  // namespace

// Reads a thread as it was, and a page of it, while others read and write.
void World::look(Chance& chance) {
  if (!process_.ready()) return;
  const auto& threads = judge_.records.threads;
  if (threads.empty()) return;
  const ThreadName& name =
      std::next(threads.begin(), static_cast<std::ptrdiff_t>(chance.upto(threads.size())))->first;
  const test::ThreadTruth* truth = judge_.truth(name, judge_.epoch());
  Engine& engine = process_.engine();
  if (!truth || !truth->there() || truth->erase_asked || !engine.mended(name)) return;
  const auto now = engine.thread_at(name.owner, name, std::nullopt);
  if (!now) {
    return judge_.records.found("a thread of its user's can't be read: " + now.error().code);
  }
  const auto& entries = truth->entries();
  const Timestamp then = std::min(entries[chance.upto(entries.size())]->at, now->cursor.at);
  const auto read = engine.read(name.owner, name, then);
  if (!read) return judge_.records.found("the past can't be read: " + read.error().code);
  const Screen& screen = truth->screen(then);
  const std::string wrong = test::difference(read->screen, screen);
  if (!wrong.empty()) judge_.records.found("the past reads as something else: " + wrong);
  ++judge_.records.counts["past read"];
  look_at_page(name, screen, {then, judge_.epoch()}, chance);
}

void World::look_at_page(const ThreadName& name, const Screen& screen, const Cursor& at,
                         Chance& chance) {
  if (screen.messages.empty()) return;
  const MessageId& before = screen.messages[chance.upto(screen.messages.size())].id;
  const auto limit = static_cast<std::uint32_t>(chance.between(1, 2));
  const auto page =
      process_.engine().messages(name.owner, name, {.before = before, .limit = limit, .at = at});
  if (!page) return judge_.records.found("a page can't be read: " + page.error().code);
  bool older = false;
  const std::vector<Message> expected = page_of(screen, before, limit, older);
  const bool same = std::ranges::equal(page->messages, expected,
                                       [](const SharedMessage& one, const Message& other) {
                                         Message shown = *one;
                                         shown.opaque = {};
                                         return shown == other;
                                       });
  if (!same || page->older != older) judge_.records.found("a page of messages is another");
  if (older) ++judge_.records.counts["page with older messages"];
}

// Makes some threads without followers, and deletes most of the existing ones again.
void World::drawer(Chance& chance) {
  if (!process_.ready()) return;
  const UserId user(chance.one_in(2) ? "ann" : "bob");
  for (auto& [name, truth] : judge_.records.threads) {
    const bool made_here = name.id.get().starts_with('x');
    if (!made_here || name.owner != user || !truth.there() || chance.one_in(4)) continue;
    truth.erase_asked = true;
    ++judge_.records.counts["thread deleted"];
    process_.engine().erase(user, name, [](const Result<void>&) {});
  }
  for (std::uint64_t left = chance.between(1, 5); left > 0; --left) {
    SyncRequest request;
    request.thread = {user, ThreadId("x" + std::to_string(++names_))};
    request.changes.user = user;
    request.changes.device = DeviceId("script");
    Change change = test::change_of(test::put("m" + std::to_string(++names_), word(chance)));
    change.op = Op(1);
    change.content = content_of(change);
    request.changes.changes.push_back(std::move(change));
    auto asked = judge_.asks(request);
    process_.engine().sync(std::move(request), [this, asked](const Result<SyncReply>& reply) {
      if (!process_.passes(Point::before_ack)) return;
      reply ? judge_.replies(*asked, *reply) : judge_.refuses(*asked);
    });
  }
}

// Asks for another user's thread, by each of the ways there are: as if it were not there.
void World::trespass(Chance& chance) {
  if (!process_.ready()) return;
  const auto& threads = judge_.records.threads;
  if (threads.empty()) return;
  const ThreadName name =
      std::next(threads.begin(), static_cast<std::ptrdiff_t>(chance.upto(threads.size())))->first;
  const UserId who(name.owner == UserId("ann") ? "bob" : "ann");
  Engine& engine = process_.engine();
  const auto expect = [this](const char* what, const std::string& code) {
    ++judge_.records.counts["trespass refused"];
    if (code == "unknown_thread" || code == "stopping") return;
    judge_.records.found(std::string("another's thread: ") + what + " is answered " + code);
  };
  const auto code = [](const auto& result) { return result ? "well" : result.error().code; };
  switch (chance.upto(4)) {
    case 0: {
      SyncRequest request;
      request.thread = name;
      request.changes.user = who;
      request.changes.device = DeviceId("d0");
      Change change = test::change_of(some_put(some_device(chance), chance));
      change.op = Op(++names_);
      if (chance.one_in(2)) request.changes.changes.push_back(std::move(change));
      return engine.sync(std::move(request), [expect, code](const Result<SyncReply>& reply) {
        expect("a sync", code(reply));
      });
    }
    case 1: {
      const RunId run("r" + std::to_string(names_));
      return engine.write(who, name, {run, 1, {{1, EndRun{RunStatus::completed, {}, {}}}}},
                          [expect, code](const std::expected<StepAck, StepRefusal>& answer) {
                            expect("a step", code(answer));
                          });
    }
    case 2:
      if (const auto* truth = judge_.truth(name, judge_.epoch()); truth && truth->erase_asked)
        return;
      return engine.erase(who, name, [expect, code](const Result<void>& done) {
        expect("a deletion", code(done));
      });
    default: {
      const Cursor start{Timestamp(), judge_.epoch()};
      expect("a reading", code(engine.thread_at(who, name, std::nullopt)));
      expect("its entries", code(engine.entries(who, name, Timestamp(), 1)));
      expect("a cursor", code(engine.check_cursor(who, name, start)));
      expect("a run", code(engine.run(who, name, RunId("r1"))));
      expect("a context", code(engine.context(who, name, RunId("r1"))));
      const PageAsked page{.before = MessageId("m1"), .limit = 1, .at = {}};
      expect("a page", code(engine.messages(who, name, page)));
    }
  }
}

}  // namespace lockstep::sim
