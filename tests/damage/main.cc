// SPDX-License-Identifier: Apache-2.0
// main.cc: lockstep-damage: damages a real store in every way, and checks what it shows.
//
// Prints the outcomes by kind of damage. Exits with 1 and the trial's name if a trial broke the law
// (trial.h).
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <iostream>

#include "tests/damage/salvage_trial.h"
#include "tests/damage/spoil.h"
#include "tests/damage/tally.h"
#include "tests/rocks/temp_folder.h"

namespace lockstep::damage {
namespace {

struct Options {
  std::size_t wal_tail = 64 << 10;
  std::size_t every = 1;
  std::uint64_t flips = 10'000;
  bool files = true;
  std::uint64_t seed = 1;
  std::string folder;
  bool json = false;
  bool quiet = false;
  bool each = false;
  std::string spoil;
  std::string thread;
  bool entry = false;
  bool compaction = false;
  bool not_flushed = false;
  bool salvage = false;
};

class Bench {
 public:
  Bench(const Options& options, std::string folder, const BaseStore& base)
      : options_(options), folder_(std::move(folder)), base_(base) {}

  void try_out(const Damage& damage, Look look = Look::rows_first) {
    Image image = base_.image;
    damage.apply(image);
    if (options_.each) std::cerr << damage.group << ": " << damage.what << "\n";
    if (options_.salvage) return salvage(damage, image);
    const bool sample = ++done_ % 16 == 1;
    tally.add(damage, damage::try_out(base_, image, folder_ + "/trial",
                                      sample ? Look::always_through_engine : look));
    if (!options_.quiet && done_ % 500 == 0) {
      std::cerr << done_ << " done, " << tally.broken_count() << " broken (" << damage.group
                << ")\n";
    }
  }

  Tally tally;
  SalvageTally salvages;

 private:
  void salvage(const Damage& damage, const Image& image) {
    const SalvageVerdict verdict = try_salvage(base_, image, folder_ + "/trial");
    salvages.add(damage, verdict);
    if (!options_.quiet && ++done_ % 500 == 0) {
      std::cerr << done_ << " salvaged, " << salvages.broken() << " broken (" << damage.group
                << ")\n";
    }
  }

  const Options& options_;
  std::string folder_;
  const BaseStore& base_;
  std::uint64_t done_ = 0;
};

void describe(const BaseStore& base, std::ostream& out) {
  out << "the store: " << base.threads.size() << " threads";
  for (const FileKind kind : {FileKind::wal, FileKind::sst, FileKind::manifest}) {
    std::size_t bytes = 0;
    for (const std::string& path : files_of(base.image, kind)) bytes += base.image.at(path).size();
    out << ", " << files_of(base.image, kind).size() << " " << name_of(kind) << " of " << bytes
        << " bytes";
  }
  out << "\n";
}

int spoil_one(const Options& options) {
  const auto spoilt =
      spoil({options.spoil, options.thread, options.entry ? KvTable::log : KvTable::views});
  if (!spoilt) std::cerr << spoilt.error().code << ": " << spoilt.error().detail << "\n";
  return spoilt ? 0 : 3;
}

int run(const Options& options) {
  const std::string below =
      options.folder.empty() ? std::filesystem::temp_directory_path().string() : options.folder;
  std::string folder = (std::filesystem::path(below) / "lockstep-damage-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) {
    std::cerr << below << ": no folder can be made there\n";
    return 3;
  }
  // The same store, however much of its log is cut.
  const std::size_t usual = std::max(options.wal_tail, Options().wal_tail);
  const std::size_t tail_bytes = options.not_flushed ? waiting_tail_max : usual + usual / 4;
  BaseStore base = build_base({.folder = folder + "/base",
                               .tail_bytes = tail_bytes,
                               .seed = options.seed,
                               .flush = options.not_flushed ? Flush::waiting : Flush::done});
  if (options.compaction) base.image.erase("rocks/COMPACTION.off");
  if (!options.quiet) describe(base, std::cerr);
  Bench bench(options, folder, base);
  for (std::size_t bytes = 1; bytes <= std::min(options.wal_tail, tail_bytes);
       bytes += options.every) {
    bench.try_out(cut_of(base, bytes), Look::refusal_is_enough);
  }
  for (std::uint64_t flip = 0; flip < options.flips; ++flip) {
    bench.try_out(flip_of(base, options.seed * 1'000'003 + flip));
  }
  if (options.files) {
    for (const Damage& damage : damages_of_files(base)) bench.try_out(damage);
  }
  std::filesystem::remove_all(folder);
  if (options.salvage) {
    std::cout << bench.salvages.text();
    return bench.salvages.broken() == 0 ? 0 : 1;
  }
  std::cout << (options.json ? bench.tally.json() : bench.tally.text());
  return bench.tally.broken_count() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace lockstep::damage

int main(int argc, char** argv) {
  lockstep::damage::Options options;
  CLI::App app("Damages a real store in every way and looks at what it shows then.");
  app.add_option("--wal-tail", options.wal_tail,
                 "cut the write-ahead log by 1 to BYTES bytes (65536; 0: none)");
  app.add_option("--every", options.every, "only each K-th of these cuts")
      ->check(CLI::PositiveNumber);
  app.add_option("--flips", options.flips, "flip N random bits, one at a time (10000)");
  app.add_flag("--files,!--no-files", options.files,
               "files missing, swapped, truncated, older ones put back (default)");
  app.add_option("--seed", options.seed, "of the store and the flips (1)");
  app.add_flag("--compaction", options.compaction,
               "let compactions run beside the reading (slow: one that fails rests for a second)");
  app.add_flag("--not-flushed", options.not_flushed,
               "a store that died before what was to become a table was one; its tail has 32 KiB");
  app.add_flag("--salvage", options.salvage,
               "salvage each damaged store, and look at what the new one shows");
  app.add_option("--folder", options.folder,
                 "work below this folder, best in memory such as /dev/shm");
  app.add_flag("--json", options.json, "the counts as one JSON object");
  app.add_flag("--each", options.each, "name each trial before it begins");
  app.add_flag("--quiet", options.quiet, "no progress on stderr");
  auto* spoil = app.add_option("--spoil", options.spoil,
                               "do nothing but damage one row of one thread of the store in DIR");
  spoil->needs(app.add_option("--thread", options.thread, "with --spoil: the thread's id"));
  app.add_flag("--entry", options.entry, "with --spoil: its last entry, not a row of its views");
  CLI11_PARSE(app, argc, argv);
  if (!options.spoil.empty()) return lockstep::damage::spoil_one(options);
  return lockstep::damage::run(options);
}
