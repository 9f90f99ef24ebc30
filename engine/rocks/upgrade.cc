// SPDX-License-Identifier: Apache-2.0
#include "engine/rocks/upgrade.h"

#include <array>
#include <string>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rocks/rocks_keys.h"
#include "engine/store/usage_partial.h"

namespace lockstep {
namespace {

static_assert(first_format < log_format_version);
using Step = Result<void> (*)(UpgradeWriter& writer);
// The step at place N - 1 leads from format N to N + 1.
constexpr std::array<Step, log_format_version - first_format> steps{upgrade_to_2, upgrade_to_3};

constexpr std::uint64_t first_format_with_usage = 3;

struct Formats {
  std::uint64_t format = 0;
  // The step to this format began and did not end.
  bool unfinished = false;
};

Result<Formats> read_formats(const Kv& kv) {
  TRY_LET(bytes, kv.get(KvTable::meta, format_key));
  const auto format = bytes ? decode_number(*bytes) : std::nullopt;
  if (!format)
    return fail(Kind::corrupt, codes::corrupt, "the store's format version can't be read");
  if (*format < first_format || *format > log_format_version) {
    return fail(Kind::rejected, codes::newer_format,
                "the store has format " + std::to_string(*format) + ", this program knows " +
                    std::to_string(first_format) + " to " + std::to_string(log_format_version) +
                    ": use the version that wrote it");
  }
  TRY_LET(unfinished, kv.get(KvTable::meta, upgrade_key));
  return Formats{*format, unfinished.has_value()};
}

Result<void> begin(UpgradeWriter& writer, const UpgradeProgress& progress) {
  KvBatch batch;
  // Both in one commit: the new format keeps older programs out, and `log.upgrade` tells a start of
  // this program that the rows are not all converted.
  batch.put(KvTable::meta, std::string(format_key), encode_number(progress.to));
  batch.put(KvTable::meta, std::string(upgrade_key), encode_number(progress.from));
  // Earlier formats have no totals of usage: those of the upgraded store begin here.
  if (progress.to == first_format_with_usage) {
    batch.put(KvTable::meta, std::string(usage_partial_key), std::string(1, '\1'));
  }
  return writer.write(batch, 0);
}

Result<void> end(UpgradeWriter& writer) {
  KvBatch batch;
  batch.erase(KvTable::meta, std::string(upgrade_key));
  return writer.write(batch, 0);
}

}  // namespace

// Format 3 has more kinds of events and more fields, which older rows do not set: they stay as they
// are. The new number keeps older programs out, because they would take the new entries for damage.
Result<void> upgrade_to_3(UpgradeWriter& /*writer*/) { return {}; }

Result<void> UpgradeWriter::write(const KvBatch& batch, std::uint64_t rows) {
  if (auto written = kv_.commit(batch); !written) return written;
  progress_.rows += rows;
  if (told_) told_(progress_);
  return {};
}

Result<bool> needs_upgrade(const Kv& kv) {
  TRY_LET(found, read_formats(kv));
  return found.format < log_format_version || found.unfinished;
}

Result<void> upgrade(Kv& kv, const UpgradeTold& told, std::uint32_t rows_max) {
  MUST(rows_max > 0);  // else each step would find no rows, and report that it is done
  TRY_LET(found, read_formats(kv));
  while (found.unfinished || found.format < log_format_version) {
    if (!found.unfinished) ++found.format;
    MUST(found.format <= log_format_version);  // there is a step to it
    UpgradeProgress progress{.from = found.format - 1, .to = found.format};
    if (told) told(progress);
    UpgradeWriter writer(kv, progress, told, rows_max);
    if (!found.unfinished) {
      if (auto begun = begin(writer, progress); !begun) return begun;
    }
    if (auto taken = steps[progress.from - first_format](writer); !taken) return taken;
    if (auto ended = end(writer); !ended) return ended;
    found.unfinished = false;
    progress.done = true;
    if (told) told(progress);
  }
  return {};
}

}  // namespace lockstep
