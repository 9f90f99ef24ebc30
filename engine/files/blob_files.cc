// SPDX-License-Identifier: Apache-2.0
#include "engine/files/blob_files.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include "engine/base/codes.h"
#include "engine/base/must.h"
#include "engine/base/try.h"
#include "engine/rules/digest.h"

namespace lockstep {

using blob_file::Handle;

namespace {

constexpr std::uint64_t block_bytes = limits::blob_block_bytes;

// What a blob takes of the quota: its file in whole blocks, so that many small blobs count too.
std::uint64_t cost_of(std::uint64_t bytes) {
  return (bytes + blob_file::head_bytes + block_bytes - 1) / block_bytes * block_bytes;
}

std::unexpected<Error> over_quota(std::uint64_t most) {
  return fail(Kind::rejected, codes::quota,
              "this user's blobs would take more than " + std::to_string(most) +
                  " bytes: delete threads with attachments, or raise `blob_bytes_per_user`");
}

std::unexpected<Error> too_large() {
  return fail(Kind::rejected, codes::too_large,
              "a blob has at most " + std::to_string(limits::blob_bytes_max) +
                  " bytes: send a smaller one");
}

}  // namespace

// --- Writing -------------------------------------------------------------------------------------

class BlobFiles::Writer final : public BlobWriter {
 public:
  // `twins`: blobs of the user, one of which may have the same bytes; then no room is promised.
  Writer(BlobFiles& files, UserId user, std::string media_type, std::vector<BlobHash> twins = {})
      : files_(files),
        user_(std::move(user)),
        media_type_(std::move(media_type)),
        name_(std::to_string(files.next_name_++)),
        twins_(std::move(twins)) {}
  ~Writer() override {
    if (file_) ::unlinkat(files_.coming_.number(), name_.c_str(), 0);
    files_.give_back(user_, promised_);
  }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  [[nodiscard]] Result<void> promise(std::uint64_t bytes) {
    const std::uint64_t cost = cost_of(bytes);
    if (cost <= promised_) return {};
    TRY(files_.promise(user_, cost - promised_));
    promised_ = cost;
    return {};
  }

  Result<void> open() {
    const int folder = files_.coming_.number();
    file_ = Handle(::openat(folder, name_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                            blob_file::file_mode));
    if (!file_) return blob_file::failed("a new blob", errno);
    return {};
  }

  Result<void> add(std::string_view bytes) override {
    if (bytes_ + bytes.size() > limits::blob_bytes_max) return too_large();
    std::erase_if(twins_, [&](const BlobHash& twin) {
      return !begins(twin, bytes.substr(0, limits::blob_probe_bytes)) || !begins(twin, bytes);
    });
    if (twins_.empty()) TRY(promise(bytes_ + bytes.size()));
    const std::uint64_t at = blob_file::head_bytes + bytes_;
    TRY(blob_file::write_at(file_.number(), at, bytes));
    blob_file::begin_to_write(file_.number(), at, bytes.size());
    hash_.add(bytes);
    bytes_ += bytes.size();
    return {};
  }

  Result<MadeBlob> finish() override {
    const BlobHash hash(hash_.take());
    auto same = files_.find(user_, hash);
    if (same && *same) media_type_ = std::move((*same)->media_type);
    const blob_file::Head head{user_, {bytes_, media_type_}};
    TRY(blob_file::write_at(file_.number(), 0, blob_file::encode(head, hash)));
    const std::optional<Timestamp> before = files_.made(user_, hash);
    const Timestamp made = next_timestamp(before.value_or(Timestamp()), files_.clock_.now());
    TRY(blob_file::finish_file(file_.number(), made));
    TRY_LET(former, files_.place(*this, hash));
    file_ = Handle();  // it has another name now
    return MadeBlob{hash, made, former};
  }

  // Has this blob these bytes behind those that have come?
  [[nodiscard]] bool begins(const BlobHash& twin, std::string_view bytes) const {
    const auto there = files_.read(user_, twin, bytes_, bytes.size());
    return there && *there == bytes;
  }
  [[nodiscard]] const UserId& user() const { return user_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }
  // What was promised is in use now, or not needed.
  [[nodiscard]] std::uint64_t take_promise() { return std::exchange(promised_, 0); }

 private:
  BlobFiles& files_;
  UserId user_;
  std::string media_type_;
  std::string name_;
  std::uint64_t promised_ = 0;
  std::vector<BlobHash> twins_;
  Handle file_;
  Sha256 hash_;
  std::uint64_t bytes_ = 0;
};

Result<std::unique_ptr<BlobWriter>> BlobFiles::begin(const UserId& user, std::string media_type,
                                                     std::uint64_t bytes) {
  MUST(coming_ && can_be_media_type(media_type));
  if (bytes > limits::blob_bytes_max) return too_large();
  auto writer = std::make_unique<Writer>(*this, user, media_type);
  if (auto promised = writer->promise(bytes); !promised) {
    std::vector<BlobHash> twins = twins_of(user, bytes);
    if (twins.empty()) return std::unexpected(std::move(promised.error()));
    writer = std::make_unique<Writer>(*this, user, std::move(media_type), std::move(twins));
  }
  TRY(writer->open());
  return writer;
}

// The user's blobs of so many bytes. An upload that repeats one of them needs no room, and that
// shows as its bytes come: so also one that is sent again at a full quota gets its first answer.
std::vector<BlobHash> BlobFiles::twins_of(const UserId& user, std::uint64_t bytes) const {
  std::vector<BlobHash> twins;
  const auto all = list(user);
  if (!all) return twins;
  for (const Listed& one : *all) {
    if (one.bytes == bytes && twins.size() < limits::blob_twins_max) twins.push_back(one.hash);
  }
  return twins;
}

Result<BlobFiles::Use*> BlobFiles::use_of(const UserId& user) {
  const auto known = uses_.find(user);
  if (known != uses_.end()) return &known->second;
  TRY_LET(all, list(user));
  Use use;
  for (const Listed& one : all) use.there += cost_of(one.bytes);
  return &uses_.emplace(user, use).first->second;
}

Result<void> BlobFiles::promise(const UserId& user, std::uint64_t bytes) {
  const std::scoped_lock lock(lock_);
  TRY_LET(use, use_of(user));
  if (use->there + use->coming + bytes > user_bytes_max_) return over_quota(user_bytes_max_);
  use->coming += bytes;
  return {};
}

void BlobFiles::give_back(const UserId& user, std::uint64_t bytes) {
  const std::scoped_lock lock(lock_);
  const auto use = uses_.find(user);
  MUST(use != uses_.end() && use->second.coming >= bytes);
  use->second.coming -= bytes;
}

Result<std::optional<Timestamp>> BlobFiles::place(Writer& writer, const BlobHash& hash) {
  Handle folder;
  std::optional<Timestamp> replaced;
  {
    const std::scoped_lock lock(lock_);
    TRY_LET(use, use_of(writer.user()));
    TRY_LET(made, blob_file::make_folder(root_.number(), blob_file::name_of(writer.user())));
    folder = std::move(made);
    const std::string name = blob_file::name_of(hash);
    const auto former = blob_file::stat_of(folder.number(), name);
    const std::uint64_t cost = cost_of(writer.bytes());
    use->coming -= writer.take_promise();
    // It was promised, unless it repeats a blob that has gone meanwhile.
    if (!former && use->there + use->coming + cost > user_bytes_max_) {
      return over_quota(user_bytes_max_);
    }
    if (::renameat(coming_.number(), writer.name().c_str(), folder.number(), name.c_str()) != 0) {
      return blob_file::failed("a new blob", errno);
    }
    if (former) replaced = former->changed;
    if (!former) use->there += cost;
  }
  TRY(blob_file::sync(folder.number()));
  return replaced;
}

Result<void> BlobFiles::erase(const UserId& user, const BlobHash& hash, Timestamp made) {
  MUST(coming_.number() >= 0);
  Handle folder;
  {
    const std::scoped_lock lock(lock_);
    TRY_LET(use, use_of(user));
    TRY_LET(found, folder_of(user));
    if (!found) return {};
    folder = std::move(found);
    const std::string name = blob_file::name_of(hash);
    const auto is = blob_file::stat_of(folder.number(), name);
    if (!is || is->changed != made) return {};
    if (::unlinkat(folder.number(), name.c_str(), 0) != 0) {
      return blob_file::failed(name, errno);
    }
    const std::uint64_t bytes =
        is->bytes - std::min<std::uint64_t>(is->bytes, blob_file::head_bytes);
    use->there -= std::min(use->there, cost_of(bytes));
  }
  return blob_file::sync(folder.number());
}

// --- Reading -------------------------------------------------------------------------------------

Result<Handle> BlobFiles::folder_of(const UserId& user) const {
  if (!root_) return Handle();
  return blob_file::open_folder(root_.number(), blob_file::name_of(user));
}

Result<BlobFiles::Opened> BlobFiles::open_blob(const UserId& user, const BlobHash& hash) const {
  TRY_LET(folder, folder_of(user));
  if (!folder) return Opened();
  const std::string name = blob_file::name_of(hash);
  TRY_LET(file, blob_file::open_file(folder.number(), name));
  if (!file) return Opened();
  TRY_LET(bytes, blob_file::read_at(file.number(), 0, blob_file::head_bytes));
  const auto head = blob_file::decode(bytes, hash);
  const auto is = blob_file::stat_of(file);
  if (!head || head->user != user || !is ||
      is->bytes != blob_file::head_bytes + head->facts.bytes) {
    return fail(Kind::corrupt, codes::corrupt, "the file of " + hash.uri() + " is damaged");
  }
  return Opened{std::move(file), head->facts};
}

Result<std::optional<BlobFacts>> BlobFiles::find(const UserId& user, const BlobHash& hash) const {
  TRY_LET(opened, open_blob(user, hash));
  return opened.file ? std::optional(std::move(opened.facts)) : std::nullopt;
}

Result<std::string> BlobFiles::read(const UserId& user, const BlobHash& hash, std::uint64_t from,
                                    std::size_t bytes) const {
  TRY_LET(opened, open_blob(user, hash));
  if (!opened.file) return fail(Kind::not_found, codes::unknown_blob, "there is no " + hash.uri());
  const std::uint64_t left = opened.facts.bytes - std::min(from, opened.facts.bytes);
  const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(left, bytes));
  TRY_LET(text, blob_file::read_at(opened.file.number(), blob_file::head_bytes + from, count));
  if (text.size() == count) return std::move(text);
  return fail(Kind::corrupt, codes::corrupt, "the file of " + hash.uri() + " is too short");
}

std::optional<Timestamp> BlobFiles::made(const UserId& user, const BlobHash& hash) const {
  const auto folder = folder_of(user);
  if (!folder || !*folder) return std::nullopt;
  const auto is = blob_file::stat_of(folder->number(), blob_file::name_of(hash));
  return is ? std::optional(is->changed) : std::nullopt;
}

// The first whole blob of a folder says whose it is.
Result<std::vector<UserId>> BlobFiles::users() const {
  std::vector<UserId> users;
  if (!root_) return users;
  TRY_LET(folders, blob_file::names_in(root_.number()));
  for (const std::string& name : folders) {
    if (!parse_hash(name)) continue;
    TRY_LET(folder, blob_file::open_folder(root_.number(), name));
    if (!folder) continue;
    TRY_LET(blobs, blob_file::names_in(folder.number()));
    for (const std::string& blob : blobs) {
      const auto hash = parse_hash(blob);
      if (!hash) continue;
      TRY_LET(file, blob_file::open_file(folder.number(), blob));
      if (!file) continue;
      TRY_LET(bytes, blob_file::read_at(file.number(), 0, blob_file::head_bytes));
      const auto head = blob_file::decode(bytes, BlobHash(*hash));
      if (!head || blob_file::name_of(head->user) != name) continue;
      users.push_back(head->user);
      break;
    }
  }
  std::ranges::sort(users);
  return users;
}

Result<std::vector<Blobs::Listed>> BlobFiles::list(const UserId& user) const {
  std::vector<Listed> listed;
  TRY_LET(folder, folder_of(user));
  if (!folder) return listed;
  TRY_LET(names, blob_file::names_in(folder.number()));
  for (const std::string& name : names) {
    const auto hash = parse_hash(name);
    const auto is = hash ? blob_file::stat_of(folder.number(), name) : std::nullopt;
    if (!is) continue;
    const std::uint64_t bytes =
        is->bytes - std::min<std::uint64_t>(is->bytes, blob_file::head_bytes);
    listed.push_back({BlobHash(*hash), bytes, is->changed});
  }
  std::ranges::sort(listed, {}, &Listed::hash);
  return listed;
}

// --- Opening -------------------------------------------------------------------------------------

BlobFiles::BlobFiles(Handle root, Clock& clock, std::uint64_t user_bytes_max)
    : root_(std::move(root)), clock_(clock), user_bytes_max_(user_bytes_max) {}
BlobFiles::~BlobFiles() = default;

Result<std::unique_ptr<BlobFiles>> BlobFiles::open(const std::string& folder, Mode mode,
                                                   Clock& clock, std::uint64_t user_bytes_max) {
  const Handle store(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!store) return blob_file::failed(folder, errno);
  auto root = mode == Mode::write ? blob_file::make_folder(store.number(), blob_file::top_name)
                                  : blob_file::open_folder(store.number(), blob_file::top_name);
  if (!root) return std::unexpected(root.error());
  std::unique_ptr<BlobFiles> files(new BlobFiles(std::move(*root), clock, user_bytes_max));
  if (mode == Mode::write) TRY(files->clear_coming());
  return files;
}

Result<void> BlobFiles::clear_coming() {
  TRY_LET(coming, blob_file::make_folder(root_.number(), blob_file::coming_name));
  TRY_LET(names, blob_file::names_in(coming.number()));
  for (const std::string& name : names) {
    if (::unlinkat(coming.number(), name.c_str(), 0) != 0) return blob_file::failed(name, errno);
  }
  coming_ = std::move(coming);
  return {};
}

}  // namespace lockstep
