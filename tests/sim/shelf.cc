// SPDX-License-Identifier: Apache-2.0
#include "tests/sim/shelf.h"

#include <boost/json.hpp>

#include "server/codec/json_write.h"

namespace lockstep::sim {
namespace {

constexpr std::uint64_t look_micros = 400'000;
constexpr std::uint64_t limit_asked_max = 4;     // a page holds two at most
constexpr std::uint64_t fill_bytes_max = 2'000;  // of one write
constexpr std::uint64_t cut_one_in = 24;         // frames, in any weather

std::string json_of(const Thread& thread) {
  std::string text;
  append_thread(text, thread);
  return text;
}

}  // namespace

Shelf::Shelf(Network& network, UserId user, std::uint64_t seed)
    : network_(network), user_(std::move(user)), chance_(seed, 8) {
  later();
}

void Shelf::server_stops() {
  if (follower_) follower_->shut_down();
}

void Shelf::server_died() {
  if (!std::exchange(follower_, nullptr)) return;
  later();
}

void Shelf::woken(Stream&) { pump_soon(); }

void Shelf::later() {
  if (std::exchange(waiting_, true)) return;
  network_.loop.after(Micros(chance_.long_tailed(look_micros)), "list", alive_.guard([this] {
    waiting_ = false;
    go_on();
  }));
}

void Shelf::begin_anew() {
  threads_.clear();
  cursor_.reset();
  before_.reset();
  listed_ = false;
}

void Shelf::go_on() {
  if (follower_) return;
  if (!network_.process.ready()) return later();
  listed_ ? follow() : take_page();
}

void Shelf::take_page() {
  const auto limit = static_cast<std::uint32_t>(chance_.between(1, limit_asked_max));
  const auto page = network_.process.engine().threads(user_, before_, limit);
  test::Records& records = network_.judge.records;
  if (!page) {
    if (page.error().code != "unknown_history") {
      records.found("a list is refused as " + page.error().code);
    }
    ++records.counts["list refused: unknown_history"];
    begin_anew();
    return later();
  }
  if (page->threads.size() > limit) records.found("a page has more than was asked for");
  for (const Thread& thread : page->threads) {
    const auto known = records.threads.find({user_, thread.id});
    if (known == records.threads.end() || !known->second.there()) {
      records.found("a list has a thread that its user never made: " + thread.id.get());
    }
    // A later page has the newer state of the thread.
    threads_[thread.id.get()] = json_of(thread);
  }
  if (!cursor_) cursor_ = page->cursor;
  if (before_) ++records.counts["list of several pages"];
  before_ = page->next;
  listed_ = !before_;
  later();
}

void Shelf::follow() {
  Engine& engine = network_.process.engine();
  const auto known = engine.feed(user_, *cursor_, 1);
  if (!known) {
    ++network_.judge.records.counts["feed refused: " + known.error().code];
    begin_anew();
    return later();
  }
  form_ = chance_.one_in(2) ? Form::sse : Form::lines;
  follower_ = std::make_unique<FeedFollower>(engine, user_, *cursor_, Framing{form_, {}});
  follower_->attach(*this);
  pump_soon();
}

void Shelf::pump_soon() {
  if (std::exchange(pumping_, true)) return;
  network_.loop.after(Micros(chance_.long_tailed(network_.weather.usual_micros)), "feed",
                      alive_.guard([this] {
                        pumping_ = false;
                        pump();
                      }));
}

void Shelf::pump() {
  if (!follower_ || !network_.process.ready()) return;
  std::string bytes;
  const auto filled = follower_->fill(bytes, 1 + chance_.upto(fill_bytes_max));
  for (const Said& said : frames_in(form_, bytes)) {
    if (chance_.one_in(cut_one_in)) {
      ++network_.judge.records.counts["fault: feed cut"];
      follower_.reset();
      return later();
    }
    if (!take(said.id, said.text)) break;
  }
  if (filled == Stream::Filled::more) return pump_soon();
  if (filled == Stream::Filled::waiting) return;
  follower_.reset();
  later();
}

// False: skip the rest of the stream.
bool Shelf::take(const std::string& id, const std::string& frame) {
  test::Records& records = network_.judge.records;
  const auto parsed = boost::json::parse(frame).as_object();
  const std::string cursor = text_in(frame, "cursor");
  if (form_ == Form::sse && id != cursor) records.found("a frame of the feed has another `id:`");
  cursor_ = cursor;
  if (kind_of(frame) == "end") {
    ++records.counts["feed ended"];
    return false;
  }
  if (parsed.contains("user")) {
    records.found("the feed of " + user_.get() + " tells of another's thread: " + frame);
    return false;
  }
  if (parsed.contains("removed")) {
    ++records.counts["feed: removed"];
    threads_.erase(text_in(frame, "removed"));
    return true;
  }
  const auto* thread = parsed.if_contains("thread");
  if (kind_of(frame) != "feed" || !thread) {
    records.found("a frame that the feed does not have: " + frame);
    return false;
  }
  ++records.counts["feed: thread"];
  threads_[std::string(thread->at("id").as_string())] = boost::json::serialize(*thread);
  return true;
}

bool Shelf::settled() const { return standing().empty(); }

std::string Shelf::standing() const {
  if (!network_.process.ready()) return "the server is not ready";
  if (!follower_) return listed_ ? "it does not follow the feed" : "it is not whole";
  if (pumping_ || waiting_) return "it has something to do";
  const auto rest = network_.process.engine().feed(user_, *cursor_, 1);
  if (!rest) return "the feed is refused as " + rest.error().code;
  return rest->empty() ? "" : "it was not woken for " + std::to_string(rest->size()) + " changes";
}

std::string Shelf::wrong() const {
  std::map<std::string, std::string> left = threads_;
  for (const auto& [name, truth] : network_.judge.records.threads) {
    if (name.owner != user_ || !truth.there()) continue;
    const auto shown = left.find(name.id.get());
    const bool is_shown = shown != left.end();
    // Only the engine knows whether a deletion without an answer was done.
    const auto now = network_.process.engine().thread_at(std::nullopt, name, std::nullopt);
    const bool gone = truth.erase_asked && !now && now.error().code == "deleted";
    if (gone == is_shown) {
      return "the list of " + user_.get() + (gone ? " still has " : " lacks ") + name.id.get();
    }
    if (gone) continue;
    const std::string there = json_of(*truth.screen(truth.last()).thread);
    if (!truth.erase_asked && boost::json::parse(shown->second) != boost::json::parse(there)) {
      return "the list of " + user_.get() + " shows " + shown->second + ", not " + there;
    }
    left.erase(shown);
  }
  return left.empty() ? ""
                      : "the list of " + user_.get() + " has " + left.begin()->first +
                            ", which is not there";
}

}  // namespace lockstep::sim
