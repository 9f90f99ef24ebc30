// SPDX-License-Identifier: Apache-2.0
#include "tests/damage/salvage_trial.h"

#include <algorithm>
#include <filesystem>
#include <sstream>

#include "engine/rocks/rocks_log.h"
#include "tests/rocks/step_executor.h"
#include "tests/support/engine_fixture.h"
#include "tools/verbs/salvager.h"
#include "tools/verbs/verify.h"

namespace lockstep::damage {
namespace {

std::size_t common_of(const std::vector<Entry>& was, const std::vector<Entry>& is) {
  const auto part = std::ranges::mismatch(was, is);
  return static_cast<std::size_t>(part.in1 - was.begin());
}

bool only_ends_runs(const Entry& entry) {
  const auto ends = [](const Event& event) {
    const auto* ended = std::get_if<RunEnded>(&event);
    return ended != nullptr && ended->status == RunStatus::interrupted;
  };
  return entry.acks.empty() && std::ranges::any_of(entry.events, ends);
}

class Trial {
 public:
  Trial(const BaseStore& base, SalvageVerdict& verdict, const Salvaged& salvaged)
      : base_(base), verdict_(verdict), salvaged_(salvaged) {}

  void look_at(const std::string& folder) {
    StepExecutor executor;
    test::CountedRandom random;
    auto rocks = RocksLog::open(folder, {.executor = executor, .random = random},
                                [](const std::string&) { MUST(!"the disk of a test has failed"); });
    if (!rocks) return fault("it can't be opened: " + rocks.error().detail);
    verify(**rocks);
    former_ = (*rocks)->log().epochs().former;
    const auto opened = with_engine((*rocks)->log(), (*rocks)->log(),
                                    [this](Engine& engine) { look_through(engine); });
    if (!opened) fault("the engine does not start: " + opened.error().detail);
  }

 private:
  void fault(const std::string& what) { verdict_.faults.push_back(what); }

  void verify(RocksLog& rocks) {
    Verifier verifier(rocks.kv(), rocks.log());
    const auto found = verifier.run({});
    if (!found) return fault("it can't be verified: " + found.error().detail);
    for (const Finding& finding : found->problems) {
      fault("verify: " + finding.where + ": " + finding.what);
    }
    if (auto tables = rocks.kv().check_tables(); !tables) fault(tables.error().detail);
  }

  void look_through(Engine& engine) {
    const Shown shown = ask(engine, base_.threads);
    for (const auto& [name, is] : shown.threads) {
      thread(engine, name, is);
    }
    for (const auto& [user, list] : shown.lists) {
      if (!list) {
        fault("the list of " + user.get() + ": " + list.error().detail);
        continue;
      }
      for (const Thread& thread : list->threads) {
        if (!shown.threads.contains({user, thread.id})) fault("a foreign thread is listed");
      }
    }
  }

  void thread(Engine& engine, const ThreadName& name, const Result<ThreadShown>& is) {
    const std::string who = "thread " + name.id.get() + ": ";
    const auto& was = base_.shown.threads.at(name);
    // Where commits are missing, or a log is damaged, its deletion may have been there, as after a
    // restore.
    if (!was && is && deletions_lost()) return;
    if (!was && is) return fault(who + "it is back, though it was deleted");
    const bool settings_lost = salvaged_.settings_missing > 0;
    if (!is && is.error().kind == Kind::corrupt && settings_lost) return;
    if (!is && is.error().kind == Kind::corrupt) return fault(who + is.error().detail);
    if (!was && is.error().code != "deleted" && !deletions_lost()) {
      fault(who + "that it was deleted is forgotten: " + is.error().code);
    }
    if (!was) return;
    if (!is) {
      ++verdict_.shorter;
      if (salvaged_.whole()) fault(who + "it is gone without a word");
      return;
    }
    const std::string wrong = fault_of(was->entries, is->entries);
    if (!wrong.empty()) return fault(who + wrong);
    const std::size_t common = common_of(was->entries, is->entries);
    verdict_.kept += common;
    if (common < was->entries.size()) {
      ++verdict_.shorter;
      if (salvaged_.whole()) fault(who + "it is shorter without a word");
    }
    if (!is->screen.runs.empty() && std::ranges::any_of(is->screen.runs, [](const Run& run) {
          return run.status == RunStatus::running || run.status == RunStatus::queued;
        })) {
      fault(who + "a run is open");
    }
    cursors(engine, name, was->entries, common);
  }

  [[nodiscard]] bool deletions_lost() const { return salvaged_.missing > 0 || salvaged_.log_torn; }

  void cursors(Engine& engine, const ThreadName& name, const std::vector<Entry>& was,
               std::size_t common) {
    if (former_.empty()) return;  // no copy of the epochs was left: then no cursor is good
    const Epoch epoch = former_.back().epoch;
    for (std::size_t at = 0; at < was.size(); ++at) {
      const bool good = engine.check_cursor(name.owner, name, {was[at].at, epoch}).has_value();
      if (good == (at < common)) continue;
      fault("thread " + name.id.get() + ": the cursor of entry " + std::to_string(at) + " of " +
            std::to_string(was.size()) + (good ? " counts, though it is lost" : " does not count"));
    }
  }

  const BaseStore& base_;
  SalvageVerdict& verdict_;
  const Salvaged& salvaged_;
  std::vector<Epochs::Former> former_;
};

}  // namespace

std::string fault_of(const std::vector<Entry>& was, const std::vector<Entry>& is) {
  const std::size_t common = common_of(was, is);
  if (is.empty()) return "it has no entry";
  if (common == is.size()) return {};
  const bool ended = common + 1 == is.size() && common > 0 && only_ends_runs(is.back());
  if (ended && (common == was.size() || is.back().previous == was[common - 1].at)) return {};
  return "entry " + std::to_string(common) + " of " + std::to_string(is.size()) +
         " is none that was there";
}

SalvageVerdict try_salvage(const BaseStore& base, const Image& damaged, const std::string& folder) {
  const std::string from = folder + "/from";
  const std::string to = folder + "/to";
  lay_out(damaged, from);
  SalvageVerdict verdict;
  test::SteppedClock clock;
  clock.set(1'800'000'000'000'000);
  test::CountedRandom random;
  for (int drawn = 0; drawn < 100; ++drawn)
    static_cast<void>(random.next());  // an epoch that was not there before
  const auto salvaged = salvage_store({.from = from, .to = to}, clock, random);
  verdict.made = salvaged.has_value();
  if (salvaged) {
    verdict.whole = salvaged->whole();
    Trial(base, verdict, *salvaged).look_at(to);
  } else if (std::filesystem::exists(to + "/rocks")) {
    verdict.faults.push_back("it failed, and left a store behind: " + salvaged.error().detail);
  } else if (salvaged.error().detail.empty()) {
    verdict.faults.emplace_back("it failed without a word");
  }
  if (read_image(from) != damaged) verdict.faults.emplace_back("the damaged store was changed");
  std::filesystem::remove_all(folder);
  return verdict;
}

void SalvageTally::add(const Damage& damage, const SalvageVerdict& verdict) {
  constexpr std::size_t faults_max = 40;
  Counts& counts = groups_[damage.group];
  ++counts.done;
  if (verdict.made) ++counts.made;
  if (verdict.whole) ++counts.whole;
  if (verdict.shorter > 0) ++counts.shorter;
  if (verdict.faults.empty()) return;
  ++broken_;
  if (faults_.size() >= faults_max) return;
  faults_.push_back(damage.group + ": " + damage.what + ": " + verdict.faults.front());
}

std::string SalvageTally::text() const {
  std::ostringstream out;
  out << "damage, done, salvaged, whole, with a shorter thread\n";
  Counts all;
  const auto line = [&](const std::string& name, const Counts& it) {
    out << name << ", " << it.done << ", " << it.made << ", " << it.whole << ", " << it.shorter
        << "\n";
  };
  for (const auto& [group, counts] : groups_) {
    line(group, counts);
    all.done += counts.done;
    all.made += counts.made;
    all.whole += counts.whole;
    all.shorter += counts.shorter;
  }
  line("all", all);
  for (const std::string& fault : faults_) out << "BROKEN  " << fault << "\n";
  return out.str();
}

}  // namespace lockstep::damage
