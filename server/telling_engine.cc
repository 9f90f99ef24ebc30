// SPDX-License-Identifier: Apache-2.0
#include "server/telling_engine.h"

#include <utility>

namespace lockstep {
namespace {

// More than these are a damaged disk, not damaged threads; a person reads them.
constexpr std::size_t told_max = 64;

std::string list_of(const UserId& user) { return "the list of " + user.get(); }

}  // namespace

void TellingEngine::tell(const std::string& what, const Error& error) {
  if (error.kind != Kind::corrupt) return;
  if (told_.size() >= told_max || !told_.insert(what).second) return;
  log_.error("corrupt", {{"what", what},
                         {"reason", error.detail},
                         {"next", "it is not served, the rest is; see `lockstep verify`"}});
}

void TellingEngine::sync(SyncRequest request, Done<Result<SyncReply>> done) {
  const std::string what = to_string(request.thread);
  engine_.sync(std::move(request),
               [this, what, done = std::move(done)](Result<SyncReply> reply) mutable {
                 done(told(what, std::move(reply)));
               });
}

void TellingEngine::write(std::optional<UserId> user, ThreadName thread, StepBatch batch,
                          Done<std::expected<StepAck, StepRefusal>> done) {
  engine_.write(std::move(user), std::move(thread), std::move(batch), std::move(done));
}

Result<void> TellingEngine::join(const UserId& user, const ThreadName& thread, Follower& follower) {
  return told(to_string(thread), engine_.join(user, thread, follower));
}

void TellingEngine::leave(const ThreadName& thread, Follower& follower) {
  engine_.leave(thread, follower);
}

Result<Slice> TellingEngine::entries(const std::optional<UserId>& user, const ThreadName& thread,
                                     Timestamp after, std::size_t bytes_max) {
  return told(to_string(thread), engine_.entries(user, thread, after, bytes_max));
}

Result<void> TellingEngine::check_cursor(const std::optional<UserId>& user,
                                         const ThreadName& thread, const Cursor& cursor) {
  return told(to_string(thread), engine_.check_cursor(user, thread, cursor));
}

Result<Snapshot> TellingEngine::snapshot(const std::optional<UserId>& user,
                                         const ThreadName& thread, std::optional<Timestamp> at) {
  return told(to_string(thread), engine_.snapshot(user, thread, at));
}

Result<MessagesPage> TellingEngine::messages(const UserId& user, const ThreadName& thread,
                                             const PageAsked& page) {
  return told(to_string(thread), engine_.messages(user, thread, page));
}

Result<Run> TellingEngine::run(const std::optional<UserId>& user, const ThreadName& thread,
                               const RunId& run) {
  return told(to_string(thread), engine_.run(user, thread, run));
}

Result<RunContext> TellingEngine::context(const std::optional<UserId>& user,
                                          const ThreadName& thread, const RunId& run) {
  return told(to_string(thread), engine_.context(user, thread, run));
}

Result<ThreadsPage> TellingEngine::threads(const UserId& user, std::optional<std::string> before,
                                           std::uint32_t limit) {
  auto page = told(list_of(user), engine_.threads(user, std::move(before), limit));
  if (page && page->damage) {
    const std::string what = "the feed of " + user.get();
    if (told_.size() < told_max && told_.insert(what).second) {
      log_.error("corrupt", {{"what", what},
                             {"reason", page->damage->detail},
                             {"next",
                              "lists are made from the list of threads, which takes longer; stop "
                              "the server, then `lockstep rebuild`"}});
    }
  }
  return page;
}

Result<std::vector<FeedItem>> TellingEngine::feed(const UserId& user, const std::string& after,
                                                  std::uint32_t limit) {
  return told(list_of(user), engine_.feed(user, after, limit));
}

void TellingEngine::join_feed(const UserId& user, Follower& follower) {
  engine_.join_feed(user, follower);
}

void TellingEngine::leave_feed(const UserId& user, Follower& follower) {
  engine_.leave_feed(user, follower);
}

void TellingEngine::erase(const UserId& user, ThreadName thread, Done<Result<void>> done) {
  const std::string what = to_string(thread);
  engine_.erase(user, std::move(thread),
                [this, what, done = std::move(done)](Result<void> result) mutable {
                  done(told(what, std::move(result)));
                });
}

void TellingEngine::stop(Done<void> done) { engine_.stop(std::move(done)); }

}  // namespace lockstep
