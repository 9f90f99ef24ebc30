// SPDX-License-Identifier: Apache-2.0
// Imports and exports of trees and histories.
#include <gtest/gtest.h>

#include <map>

#include "engine/rocks/rocks_keys.h"
#include "engine/store/keys.h"
#include "engine/store/row_codec.h"
#include "tests/rocks/temp_folder.h"
#include "tests/tools/store_files.h"
#include "tools/forms/json.h"
#include "tools/forms/oasst.h"

namespace lockstep::test {
namespace {

std::uint64_t count_in(const Said& said, const char* field) {
  const auto json = parse_json(said.out);
  if (!json || !json->find(field)) return ~std::uint64_t{0};
  return std::stoull(json->find(field)->text);
}

constexpr const char* small_tree =
    R"({"message_tree_id": "t1", "tree_state": "ready", "prompt": {"message_id": "t1", )"
    R"("text": "Na\u00efve \ud83c\udf15?", "role": "prompter", "score": 0.10, "big": 1e400, )"
    R"("replies": [{"message_id": "m2", "parent_id": "t1", "text": "Yes.", "role": "assistant", )"
    R"("rank": 1, "replies": []}, {"message_id": "m3", "parent_id": "t1", "text": "No.", )"
    R"("role": "assistant", "rank": 0, "labels": {"fails": null}, "replies": []}]}})";

TEST(Import, TakesTheOpenAssistantTreesAndGivesThemBackByteForByte) {
  const auto file = oasst_file();
  if (!file) GTEST_SKIP() << "the Open Assistant trees are not there";
  const TempFolder folder;
  const std::string data = folder.path() + "/data";

  const Said first =
      lockstep({"import", *file, "--format", "oasst", "--user", "ann", "--data", data, "--json"});
  const Said second =
      lockstep({"import", *file, "--format", "oasst", "--user", "ann", "--data", data, "--json"});
  const Said verified = lockstep({"verify", "--data", data});
  std::string trees;
  const std::string source = read_whole(*file);
  for (std::size_t at = 0; at < source.size(); at = source.find('\n', at) + 1) {
    const std::string id =
        parse_json(source.substr(at, source.find('\n', at) - at))->find("message_tree_id")->text;
    trees += lockstep({"export", id, "--format", "oasst", "--data", data}).out;
  }

  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(count_in(first, "threads_new"), 100u);
  EXPECT_EQ(count_in(first, "messages_new"), 1167u);
  EXPECT_EQ(count_in(second, "threads_new"), 0u);
  EXPECT_EQ(count_in(second, "messages_new"), 0u);
  EXPECT_EQ(verified.code, 0) << verified.out;
  EXPECT_EQ(trees, source);
  EXPECT_EQ(lockstep({"export", "--all", "--format", "oasst", "--data", data}).out, source);
}

// A tree a line, the ids not in their order.
TEST(Import, TreesComeOutInTheOrderInWhichTheyCame) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  std::string first = small_tree;
  for (std::size_t at = first.find("\"t1\""); at != std::string::npos; at = first.find("\"t1\"")) {
    first.replace(at, 4, "\"z1\"");
  }
  const std::string file = first + "\n" + small_tree + "\n";

  const Said in =
      lockstep({"import", "-", "--format", "oasst", "--user", "ann", "--data", data}, file);
  const Said out = lockstep({"export", "--all", "--format", "oasst", "--data", data});

  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_EQ(out.out, file);
}

TEST(Import, ATreeInAnotherSpellingComesOutInTheDataSets) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string tight =
      R"({"prompt":{"role":"prompter","replies":[],"text":"Na\u00efve é","message_id":"t1"},)"
      R"("message_tree_id":"t1","tree_state":"ready"})";

  const Said in =
      lockstep({"import", "-", "--format", "oasst", "--user", "ann", "--data", data}, tight + "\n");
  const Said out = lockstep({"export", "--all", "--format", "oasst", "--data", data});

  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_EQ(out.out,
            R"({"message_tree_id": "t1", "tree_state": "ready", "prompt": {"message_id": "t1", )"
            R"("text": "Na\u00efve \u00e9", "role": "prompter", "replies": []}})"
            "\n");
}

TEST(Import, KeepsTheTreesBranches) {
  const auto file = oasst_file();
  if (!file) GTEST_SKIP() << "the Open Assistant trees are not there";
  std::uint64_t branches = 0;
  const std::string source = read_whole(*file);
  for (std::size_t at = 0; at < source.size(); at = source.find('\n', at) + 1) {
    const auto plan = plan_of_tree(source.substr(at, source.find('\n', at) - at));
    ASSERT_TRUE(plan.has_value()) << plan.error().detail;
    std::map<std::string, int> children;
    for (const PlannedMessage& message : plan->messages) {
      if (message.parent) ++children[message.parent->get()];
    }
    for (const auto& [parent, count] : children) branches += count > 1 ? 1 : 0;
  }

  EXPECT_EQ(branches, 260u);
}

TEST(Import, KeepsNumbersAndTextAsTheyWereWritten) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";

  const Said in = lockstep({"import", "-", "--format", "oasst", "--user", "ann", "--data", data},
                           std::string(small_tree) + "\n");
  const Said out = lockstep({"export", "t1", "--format", "oasst", "--data", data});
  const Said shown = lockstep({"show", "t1", "--data", data, "--json"});

  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_EQ(out.out, std::string(small_tree) + "\n");
  EXPECT_NE(shown.out.find("\"head\":\"m3\""), std::string::npos) << "the best reply's path";
}

TEST(Import, RefusesATreeThatItCouldNotGiveBack) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";

  for (const char* line : {"{}", "[1", R"({"message_tree_id":"t","prompt":{"message_id":"a b"}})",
                           R"({"message_tree_id":"t","prompt":{"message_id":"a","text":"x",)"
                           R"("role":"king","replies":[]}})",
                           R"({"message_tree_id":"t","prompt":{"message_id":"a","text":"x",)"
                           R"("role":"prompter","role":"assistant","replies":[]}})"}) {
    const Said said =
        lockstep({"import", "-", "--format", "oasst", "--user", "ann", "--data", data}, line);

    EXPECT_EQ(said.code, 1) << line;
    EXPECT_NE(said.err.find("line 1"), std::string::npos) << said.err;
  }
}

TEST(Import, AHistoryComesOutAsItWentIn) {
  const TempFolder folder;
  const std::string history = history_of(stopped_and_answered());
  const std::string one = folder.path() + "/one";
  const std::string other = folder.path() + "/other";

  const Said in = lockstep({"import", "-", "--data", one, "--json"}, history);
  const Said out = lockstep({"export", "--all", "--data", one});
  const Said again = lockstep({"import", "-", "--data", other}, out.out);
  const Said third = lockstep({"export", "--all", "--data", other});
  const Said idle = lockstep({"import", "-", "--data", other, "--json"}, out.out);
  const Said verified = lockstep({"verify", "--data", other});

  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_EQ(out.out, history);
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(third.out, history);
  EXPECT_EQ(count_in(idle, "entries_new"), 0u);
  EXPECT_EQ(verified.code, 0) << verified.out;
}

TEST(Import, TheTreesHistoryComesOutAsItWentIn) {
  const auto file = oasst_file();
  if (!file) GTEST_SKIP() << "the Open Assistant trees are not there";
  const TempFolder folder;
  const std::string one = folder.path() + "/one";
  const std::string other = folder.path() + "/other";

  const Said in = lockstep({"import", *file, "--format", "oasst", "--user", "ann", "--data", one});
  const Said out = lockstep({"export", "--all", "--data", one, "--out", folder.path() + "/out"});
  const Said again = lockstep({"import", folder.path() + "/out", "--data", other});
  const Said third = lockstep({"export", "--all", "--data", other});
  const Said verified = lockstep({"verify", "--data", other});

  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_EQ(out.code, 0) << out.err;
  EXPECT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(third.out, read_whole(folder.path() + "/out"));
  EXPECT_EQ(verified.code, 0) << verified.out;
}

TEST(Import, GoesOnWithAHistoryOfWhichItHasTheBeginning) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string history = history_of(stopped_and_answered());
  const std::size_t end_of_run = history.find('\n', history.find("\"run_ended\"")) + 1;

  const Said first = lockstep({"import", "-", "--data", data}, history.substr(0, end_of_run));
  const Said rest = lockstep({"import", "-", "--data", data}, history);
  const Said out = lockstep({"export", "--all", "--data", data});
  const Said verified = lockstep({"verify", "--data", data});

  EXPECT_LT(end_of_run, history.size());
  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(rest.code, 0) << rest.err;
  EXPECT_EQ(out.out, history);
  EXPECT_EQ(verified.code, 0) << verified.out;
}

// Their writers are elsewhere: the next start decides again which runs are its own.
TEST(Import, RunsThatCameOpenAreNotWaitedFor) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";

  const Said in = lockstep({"import", "-", "--data", data}, history_of(stopped_and_answered()));

  ASSERT_EQ(in.code, 0) << in.err;
  tamper(data, [](const Kv& kv, KvBatch&) {
    EXPECT_FALSE(kv.get(KvTable::meta, keys::outside_since)->has_value());
  });
}

TEST(Import, RefusesAnotherHistoryOfAThreadThatIsThere) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string history = history_of(stopped_and_answered());
  std::string other = history;
  other.replace(other.find("How far"), 7, "How big");

  const Said first = lockstep({"import", "-", "--data", data}, history);
  const Said second = lockstep({"import", "-", "--data", data}, other);

  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(second.code, 1);
  EXPECT_NE(second.err.find("another history"), std::string::npos) << second.err;
  EXPECT_EQ(lockstep({"export", "--all", "--data", data}).out, history);
}

TEST(Import, RefusesAHistoryThatCannotHaveHappened) {
  const std::string history = history_of(stopped_and_answered());
  std::string gap = history;
  const std::size_t third = gap.find('\n', gap.find('\n', gap.find('\n') + 1) + 1) + 1;
  gap.erase(third, gap.find('\n', third) + 1 - third);
  std::string unknown_field = history;
  unknown_field.replace(unknown_field.find("\"prev\""), 6, "\"colour\":1,\"prev\"");

  for (const std::string& bad : {gap, unknown_field, history.substr(history.find('\n') + 1)}) {
    const TempFolder folder;
    const Said said = lockstep({"import", "-", "--data", folder.path() + "/data"}, bad);

    EXPECT_EQ(said.code, 1) << said.out;
    EXPECT_NE(said.err.find("line "), std::string::npos) << said.err;
  }
}

// Entries 2 and 3 of a thread that begins with message `a`; they are read before anything is
// stored.
std::string history_with(const std::string& second, const std::string& third = "") {
  const std::string head = R"({"user":"u","thread":"t","entry":{"ts":)";
  const std::string put =
      R"({"type":"message_put","message":{"id":"a","parent":null,"role":"user",)"
      R"("parts":[],"status":"complete","created":1,"updated":1}})";
  std::string lines = "{\"lockstep\":\"history\",\"version\":2}\n" + head +
                      R"(1,"prev":0,"origin":{"thread":"t","owner":"u"},"events":[)" + put +
                      "]}}\n";
  lines += head + second + "}}\n";
  return third.empty() ? lines : lines + head + third + "}}\n";
}

TEST(Import, RefusesEntriesThatNamesOrStatusesMakeImpossible) {
  const auto put = [](const std::string& id, const std::string& fields) {
    return R"(2,"prev":1,"events":[{"type":"message_put","message":{"id":")" + id +
           R"(","role":"user","parts":[],"status":"complete","created":2,"updated":2,)" + fields +
           "}}]";
  };
  const auto queued = [](const std::string& after) {
    return R"(2,"prev":1,"events":[{"type":"run_queued","run":"r","agent":"x","input":[],)"
           R"("after":")" +
           after + R"("}])";
  };
  const auto ended = [](const std::string& status) {
    return R"(3,"prev":2,"events":[{"type":"run_ended","run":"r","status":")" + status + R"("}])";
  };
  const std::vector<std::pair<std::string, std::string>> all = {
      {history_with(put("a", R"("parent":null)")), ""},
      {history_with(put("b", R"("parent":"a")")), ""},
      {history_with(queued("a"), ended("stopped")), ""},
      {history_with(put("a", R"("parent":"a")")), "moves message a"},
      {history_with(put("a", R"("parent":"nowhere")")), "moves message a"},
      {history_with(put("b", R"("parent":"a","run":"nowhere")")), "unknown run nowhere"},
      {history_with(queued("nowhere")), "unknown parent nowhere"},
      {history_with(queued("a"), ended("running")), "leaves it open"},
      {history_with(R"(18446744073709551613,"prev":1,"events":[])"), "later than any clock"},
      {history_with(R"(9007199254740992,"prev":1,"events":[])"), "later than a front can read"},
  };
  for (const auto& [history, why] : all) {
    const TempFolder folder;
    const Said said = lockstep({"import", "-", "--data", folder.path() + "/data"}, history);

    EXPECT_EQ(said.code, why.empty() ? 0 : 1) << history << said.err;
    EXPECT_NE(said.err.find(why), std::string::npos) << history << said.err;
  }
}

TEST(Import, TakesSingleMessages) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string lines =
      R"({"thread":"t","message":{"id":"a","text":"Hello"}})"
      "\n"
      R"({"thread":"t","message":{"id":"b","parent":"a","role":"assistant","text":"Hi"}})"
      "\n";

  const Said in =
      lockstep({"import", "-", "--format", "messages", "--user", "ann", "--data", data}, lines);
  const Said out = lockstep({"export", "t", "--format", "messages", "--data", data});

  EXPECT_EQ(in.code, 0) << in.err;
  EXPECT_NE(
      out.out.find(
          R"({"user":"ann","thread":"t","message":{"id":"b","parent":"a","role":"assistant")"),
      std::string::npos)
      << out.out;
}

// Two users, each with a thread `x`.
std::string two_of_one_id(const std::string& folder) {
  const std::string data = folder + "/data";
  const Said made = lockstep({"import", "-", "--format", "messages", "--data", data},
                             R"({"user":"ann","thread":"x","message":{"id":"m","text":"of ann"}})"
                             "\n"
                             R"({"user":"bob","thread":"x","message":{"id":"m","text":"of bob"}})"
                             "\n");
  EXPECT_EQ(made.code, 0) << made.err;
  return data;
}

TEST(Users, AVerbNamesTheUsersAndStopsIfSeveralHaveTheThread) {
  const TempFolder folder;
  const std::string data = two_of_one_id(folder.path());

  for (const std::vector<std::string>& verb : {std::vector<std::string>{"show", "x"},
                                               {"replay", "x"},
                                               {"context", "x", "r"},
                                               {"export", "x"}}) {
    std::vector<std::string> line = verb;
    line.insert(line.end(), {"--data", data});
    const Said asked = lockstep(line);
    EXPECT_EQ(asked.code, 1) << verb[0];
    EXPECT_NE(asked.err.find("ann, bob"), std::string::npos) << asked.err;
    EXPECT_NE(asked.err.find("--user"), std::string::npos) << asked.err;
    EXPECT_EQ(asked.out, "");
  }
}

TEST(Users, ADeletedThreadOfAnotherIsNotMeant) {
  const TempFolder folder;
  const std::string data = two_of_one_id(folder.path());
  tamper(data, [](const Kv& kv, KvBatch& batch) {
    const std::string key = keys::thread({UserId("bob"), ThreadId("x")});
    auto row = decode_thread_record(key, **kv.get(KvTable::threads, key));
    ASSERT_TRUE(row.has_value());
    row->record.thread.reset();
    batch.put(KvTable::threads, key, encode(key, row->record) + encode_number(row->commit.get()));
  });

  const Said shown = lockstep({"show", "x", "--data", data});

  EXPECT_EQ(shown.code, 0) << shown.err;
  EXPECT_NE(shown.out.find("of ann"), std::string::npos) << shown.out;
}

TEST(Users, AVerbThatIsToldShowsThatUsersThread) {
  const TempFolder folder;
  const std::string data = two_of_one_id(folder.path());

  EXPECT_NE(lockstep({"show", "x", "--user", "bob", "--data", data}).out.find("of bob"),
            std::string::npos);
  EXPECT_NE(lockstep({"export", "x", "--user", "ann", "--format", "messages", "--data", data})
                .out.find("of ann"),
            std::string::npos);
  EXPECT_EQ(lockstep({"show", "x", "--user", "carl", "--data", data}).code, 1);
  EXPECT_EQ(lockstep({"show", "--user", "bob", "--data", data}).out.find("ann"), std::string::npos);
}

TEST(Users, AnImportForAUserMakesAllThreadsThatUsers) {
  const TempFolder folder;
  // With the memory of a change of hers.
  std::string history = history_of(stopped_and_answered());
  const std::string ack = R"(,"acks":[{"user":"ann","device":"d","content":")" +
                          std::string(64, 'a') +
                          R"(","outcome":{"op":1,"type":"start_run","outcome":"applied"}}])";
  history.insert(history.find("}}\n", history.find("\"origin\"")), ack);
  const std::string messages = R"({"user":"ann","thread":"x","message":{"id":"m","text":"hi"}})";

  for (const auto& [format, content] : {std::pair("jsonl", history), {"messages", messages}}) {
    const std::string data = folder.path() + "/" + format;
    const std::vector<std::string> line{"import", "-",      "--format", format,  "--user",
                                        "carl",   "--data", data,       "--json"};
    const Said said = lockstep(line, content);
    const Said again = lockstep(line, content);
    const Said shown = lockstep({"show", "--json", "--data", data});
    const Said verified = lockstep({"verify", "--data", data});

    EXPECT_EQ(said.code, 0) << said.err;
    EXPECT_EQ(again.code, 0) << again.err;
    EXPECT_NE(again.out.find("_new\":0"), std::string::npos) << again.out;
    EXPECT_NE(shown.out.find("\"owner\":\"carl\""), std::string::npos) << shown.out;
    EXPECT_EQ(shown.out.find("ann"), std::string::npos) << shown.out;
    EXPECT_EQ(verified.code, 0) << verified.out;
    const Said exported = lockstep({"export", "--all", "--data", data});
    EXPECT_EQ(exported.out.find("\"ann\""), std::string::npos) << exported.out;
  }
}

TEST(Users, AnImportForAUserRefusesTwoThreadsOfOneId) {
  const TempFolder folder;
  const std::string data = two_of_one_id(folder.path());

  for (const std::string format : {"jsonl", "messages"}) {
    const Said exported = lockstep({"export", "--all", "--format", format, "--data", data});
    const Said imported = lockstep({"import", "-", "--format", format, "--user", "carl", "--data",
                                    folder.path() + "/" + format},
                                   exported.out);

    EXPECT_EQ(imported.code, 1) << imported.out;
    EXPECT_NE(imported.err.find("ann and bob both have a thread x"), std::string::npos)
        << imported.err;
  }
}

// A line of `messages`; `user` may be empty.
std::string line_of(const std::string& user, const std::string& id, const std::string& text) {
  return (user.empty() ? "{" : R"({"user":")" + user + R"(",)") +
         R"("thread":"x","message":{"id":")" + id + R"(","text":")" + text + "\"}}\n";
}

Said import_for_carl(const std::string& data, const std::string& lines) {
  return lockstep({"import", "-", "--format", "messages", "--user", "carl", "--data", data}, lines);
}

TEST(Users, AnImportForAUserRefusesAThreadThatAnotherImportMade) {
  const std::string ann = line_of("ann", "a1", "of ann") + line_of("ann", "a2", "of ann, too");
  // Ids of its own, one of hers for something else, and one more behind hers.
  for (const std::string& bob : {line_of("bob", "b1", "of bob"), line_of("bob", "a1", "of bob"),
                                 line_of("bob", "a1", "of ann") + line_of("bob", "b1", "of bob")}) {
    const TempFolder folder;
    const std::string data = folder.path() + "/data";
    ASSERT_EQ(import_for_carl(data, ann).code, 0);

    const Said said = import_for_carl(data, bob);

    EXPECT_EQ(said.code, 1) << said.out;
    EXPECT_NE(said.err.find("that is not bob's"), std::string::npos) << said.err;
    EXPECT_NE(said.err.find("into a user of its own"), std::string::npos) << said.err;
    const Said shown = lockstep({"export", "--all", "--data", data});
    EXPECT_EQ(shown.out.find("of bob"), std::string::npos) << shown.out;
  }
}

TEST(Users, AnImportForAUserThatWasCutShortGoesOn) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string begun = line_of("ann", "a1", "one");
  const std::string whole = begun + line_of("ann", "a2", "two");

  const Said first = import_for_carl(data, begun);
  const Said rest = import_for_carl(data, whole);
  const Said again = import_for_carl(data, begun);

  EXPECT_EQ(first.code, 0) << first.err;
  EXPECT_EQ(rest.out, "1 thread (0 new), 2 messages (1 new)\n") << rest.err;
  EXPECT_EQ(again.out, "1 thread (0 new), 1 message (0 new)\n") << again.err;
}

TEST(Users, AnImportForAUserRefusesAThreadThatSomeLinesGiveNoUser) {
  for (const std::string& lines : {line_of("", "a", "of carl") + line_of("bob", "b", "of bob"),
                                   line_of("bob", "b", "of bob") + line_of("", "a", "of carl")}) {
    const TempFolder folder;
    const Said said = import_for_carl(folder.path() + "/data", lines);

    EXPECT_EQ(said.code, 1) << said.out;
    EXPECT_NE(said.err.find("line 2: thread x is bob's on some lines"), std::string::npos)
        << said.err;
  }
}

TEST(Import, AnIdThatStandsForTwoMessagesIsRefusedWithItsLineAndNothingOfItsThreadIsWritten) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string other = R"({"user":"ann","thread":"y","message":{"id":"a","text":"hi"}})";

  const Said said = lockstep({"import", "-", "--format", "messages", "--data", data},
                             line_of("ann", "a", "one") + line_of("ann", "b", "two") +
                                 line_of("ann", "a", "three") + other);
  const Said out = lockstep({"export", "--all", "--format", "messages", "--data", data});

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.err.find("line 3: message a stands on line 1 already"), std::string::npos)
      << said.err;
  EXPECT_EQ(out.out.find("\"thread\":\"x\""), std::string::npos) << out.out;
  EXPECT_NE(out.out.find("\"thread\":\"y\""), std::string::npos) << "the others are imported";
}

TEST(Import, AnIdThatStandsForTwoMessagesIsRefusedAlsoWhereOtherThreadsLieBetween) {
  const TempFolder folder;
  const std::string data = folder.path() + "/data";
  const std::string between = R"({"user":"ann","thread":"y","message":{"id":"a","text":"hi"}})"
                              "\n";

  const Said said = lockstep({"import", "-", "--format", "messages", "--data", data},
                             line_of("ann", "a", "one") + between + line_of("ann", "a", "two"));

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.err.find("line 3: message a stands on an earlier line"), std::string::npos)
      << said.err;
}

TEST(Import, AMessageWithoutItsParentIsNamedWithItsLine) {
  const TempFolder folder;
  const std::string orphan =
      R"({"user":"ann","thread":"x","message":{"id":"b","text":"hi","parent":"zz"}})"
      "\n";

  const Said said =
      lockstep({"import", "-", "--format", "messages", "--data", folder.path() + "/data"},
               line_of("ann", "a", "one") + orphan);

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.err.find("thread x of ann: line 2: message b has the parent zz, which is neither "
                          "on an earlier line nor in the store: correct `parent`"),
            std::string::npos)
      << said.err;
}

TEST(Import, AHistoryOfANewerLockstepIsNotRead) {
  const TempFolder folder;

  const Said said = lockstep({"import", "-", "--data", folder.path() + "/data"},
                             R"({"lockstep":"history","version":3})"
                             "\n");

  EXPECT_EQ(said.code, 1) << said.out;
  EXPECT_NE(said.err.find("line 1: a newer Lockstep has written this history"), std::string::npos)
      << said.err;
  EXPECT_EQ(said.err.find("The lines before it"), std::string::npos) << said.err;
}

TEST(Import, ALineThatStandsTwiceIsOneMessage) {
  const TempFolder folder;

  const Said said =
      lockstep({"import", "-", "--format", "messages", "--data", folder.path() + "/data"},
               line_of("ann", "a", "one") + line_of("ann", "a", "one"));

  EXPECT_EQ(said.out, "1 thread (1 new), 1 message (1 new)\n") << said.err;
}

TEST(Users, AnExportCarriesTheOwnersInEveryFormThatIsRead) {
  const TempFolder folder;
  const std::string data = two_of_one_id(folder.path());

  for (const std::string format : {"jsonl", "messages"}) {
    const Said exported = lockstep({"export", "--all", "--format", format, "--data", data});
    const std::string copy = folder.path() + "/" + format;
    const Said imported =
        lockstep({"import", "-", "--format", format, "--data", copy}, exported.out);
    ASSERT_EQ(imported.code, 0) << imported.err;
    EXPECT_NE(lockstep({"show", "x", "--user", "ann", "--data", copy}).out.find("of ann"),
              std::string::npos);
    EXPECT_NE(lockstep({"show", "x", "--user", "bob", "--data", copy}).out.find("of bob"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace lockstep::test
