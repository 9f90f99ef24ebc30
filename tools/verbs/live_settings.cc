// SPDX-License-Identifier: Apache-2.0
#include "tools/verbs/live_settings.h"

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <memory>
#include <utility>

#include "engine/base/codes.h"
#include "server/base/limits.h"
#include "tools/verbs/configured_agents.h"

namespace lockstep {

FileStamp::FileStamp(const std::string& path) {
  struct stat is{};
  if (path.empty() || ::stat(path.c_str(), &is) != 0) return;
  says_ = {static_cast<std::int64_t>(is.st_dev),
           static_cast<std::int64_t>(is.st_ino),
           is.st_size,
           is.st_mtim.tv_sec,
           is.st_mtim.tv_nsec,
           is.st_ctim.tv_sec,
           is.st_ctim.tv_nsec};
}

LiveSettings::LiveSettings(Parts parts, FileStamp read)
    : parts_(std::move(parts)),
      read_(read),
      seen_(read),
      hang_ups_(parts_.context, [this] { read_all(); }) {
  if (!parts_.tokens.empty()) look();
}

void LiveSettings::read_all() {
  parts_.log.info("reading_settings", {{"why", "SIGHUP"}});
  if (!parts_.tokens.empty()) read_tokens();
  read_agents();
}

void LiveSettings::read_tokens() {
  read_ = seen_ = FileStamp(parts_.tokens);
  auto fresh = Auth::open(parts_.tokens, Auth::Least::no_token);
  if (!fresh) {
    parts_.log.error("tokens_not_read",
                     {{"why", fresh.error().detail},
                      {"next", "mend the file; until then the former tokens count"}});
    return;
  }
  parts_.auth = std::move(*fresh);
  parts_.tokens_changed();
  parts_.log.info("tokens_read", {{"tokens", parts_.auth.tokens().size()}});
}

namespace {

// While an editor writes over a file, it is empty for a moment. At a start an empty file is
// allowed; here it would remove every agent.
Result<Config> load_again(const ConfigSources& sources) {
  std::error_code unknown;
  if (!sources.file.empty() && std::filesystem::file_size(sources.file, unknown) == 0) {
    return fail(Kind::rejected, codes::invalid,
                sources.file + " is empty: the former settings stay");
  }
  return load_config(sources);
}

}  // namespace

void LiveSettings::read_agents() {
  auto config = load_again(parts_.sources);
  auto set = config ? open_agents(*config, {parts_.context.get_executor(), parts_.random,
                                            parts_.clock, parts_.log})
                    : std::unexpected(config.error());
  if (!set) {
    parts_.log.error("agents_not_read",
                     {{"why", set.error().detail},
                      {"next", "mend the file; until then the former agents count"}});
    return;
  }
  parts_.agents.replace(std::move(*set));
  if (parts_.agents_changed) parts_.agents_changed();
  parts_.log.info("agents_read", {{"agents", config->agents.size()}});
}

void LiveSettings::look() {
  parts_.executor.post_after(limits::tokens_look, alive_.guard([this] {
    const FileStamp now(parts_.tokens);
    const bool stays = now == std::exchange(seen_, now);
    if (stays && now != read_) read_tokens();
    look();
  }));
}

}  // namespace lockstep
