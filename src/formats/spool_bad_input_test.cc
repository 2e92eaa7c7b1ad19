#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "formats/spool_fixture.h"

namespace zubr::formats {
namespace {

using ::testing::HasSubstr;

class SpoolBadInput : public ::testing::Test {
 protected:
  void refuses(std::string_view name, std::string_view content, ErrorCode code, std::string_view words) {
    const Error error = files_.ingest_error(name, content);
    EXPECT_EQ(error.code(), code) << error.message();
    EXPECT_THAT(error.message(), HasSubstr(std::string(words)));
  }
  SpoolFixture files_;
};

TEST_F(SpoolBadInput, SaysThatThereIsNoFile) {
  for (const char* name : {"none.csv", "none.jsonl", "none.parquet"}) {
    const auto read = files_.spool()->ingest({files_.path(name)}, {}, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kNotFound);
    EXPECT_THAT(read.error().message(), HasSubstr(name));
  }
}

TEST_F(SpoolBadInput, SaysThatItIsADirectory) {
  for (const char* name : {"folder.csv", "folder.jsonl", "folder.parquet"}) {
    std::filesystem::create_directory(files_.path(name));
    const auto read = files_.spool()->ingest({files_.path(name)}, {}, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kInvalidArgument);
    EXPECT_THAT(read.error().message(), HasSubstr("is a directory"));
  }
}

TEST_F(SpoolBadInput, SaysThatTheFileIsEmpty) {
  for (const char* name : {"empty.csv", "empty.tsv", "empty.jsonl", "empty.parquet"}) {
    refuses(name, "", ErrorCode::kInvalidArgument, "is empty");
  }
  refuses("blank.csv", "\n\n\n", ErrorCode::kInvalidArgument, "is empty");
  refuses("bad.jsonl", "{\n{\n", ErrorCode::kInvalidArgument, "no rows with columns");
}

TEST_F(SpoolBadInput, SaysWhatIsWrongWithTheHeader) {
  refuses("a.csv", "id,,text\n1,2,3\n", ErrorCode::kInvalidArgument, "column 2 of");
  refuses("b.csv", "id,text,id\n1,2,3\n", ErrorCode::kInvalidArgument, "two columns named 'id' (number 1 and 3)");
  refuses("c.csv", "\"id,text\n1,2\n", ErrorCode::kInvalidArgument, "names no columns");
  refuses("d.csv", std::string("\xFF\xFEi\0d\0", 6), ErrorCode::kUnsupported, "UTF-16");
  std::string wide = "c0";
  for (int i = 1; i < 5000; ++i) wide += ",c" + std::to_string(i);
  refuses("e.csv", wide, ErrorCode::kTooLarge, "has 5000 columns");
}

TEST_F(SpoolBadInput, SaysWhichFormatsAreKnown) {
  for (const char* name : {"table.xlsx", "table", "table.parquet.gz", "table.gz"}) {
    refuses(name, "text\na\n", ErrorCode::kInvalidArgument, ".jsonl");
  }
  EXPECT_EQ(format_of("A.CSV.GZ").value(), TableFormat::kCsv);
  EXPECT_EQ(format_of("a.tab").value(), TableFormat::kTsv);
  EXPECT_EQ(format_of("a.ndjson.zst").value(), TableFormat::kJsonl);
  EXPECT_EQ(format_of("-").value(), TableFormat::kJsonl);
}

TEST_F(SpoolBadInput, SaysThatItIsNoParquet) {
  refuses("a.parquet", "text\na\n", ErrorCode::kCorrupt, "does not begin with PAR1");
  refuses("b.parquet", "PAR1 and nothing else", ErrorCode::kCorrupt, "b.parquet");
  ASSERT_TRUE(files_.pass({files_.make("in.csv", "text\na\n")}, "text", {files_.path("good.parquet")}));
  const std::string good = files_.content("good.parquet");
  refuses("c.parquet", good.substr(0, good.size() / 2), ErrorCode::kCorrupt, "c.parquet");
}

TEST_F(SpoolBadInput, ListsTheColumnsWhenThereIsNoSuchColumn) {
  const auto written = files_.pass({files_.make("in.csv", "id,text\n1,a\n")}, "keyword", {files_.path("out.csv")});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_THAT(written.error().message(), HasSubstr("no column 'keyword'; the columns are: id, text"));
}

TEST_F(SpoolBadInput, SaysThatAResultColumnIsInTheInput) {
  for (const char* header : {"text,label\na,b\n", "text,error\na,b\n"}) {
    const auto written = files_.pass({files_.make("in.csv", header)}, "text", {files_.path("out.csv")});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), ErrorCode::kAlreadyExists);
    EXPECT_THAT(written.error().message(), HasSubstr("rename it in the input"));
  }
}

TEST_F(SpoolBadInput, SaysThatTheOutputCannotBeWritten) {
  const auto input = files_.make("in.csv", "text\na\n");
  for (const char* name : {"none/out.csv", "none/out.parquet"}) {
    const auto written = files_.pass({input}, "text", {files_.path(name)});
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), ErrorCode::kNotFound) << written.error().message();
    EXPECT_THAT(written.error().message(), HasSubstr("out."));
  }
  std::filesystem::create_directory(files_.path("folder.csv"));
  const auto written = files_.pass({input}, "text", {files_.path("folder.csv")});
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().message(), HasSubstr("is a directory"));
}

TEST_F(SpoolBadInput, SaysThatItMayNotWriteThere) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may write everywhere";
  std::filesystem::create_directory(files_.path("locked"));
  ::chmod(files_.path("locked").c_str(), 0500);
  const auto written = files_.pass({files_.make("in.csv", "text\na\n")}, "text", {files_.path("locked/out.csv")});
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code(), ErrorCode::kPermissionDenied);
}

TEST_F(SpoolBadInput, KeepsTheOldOutputWhenTheNewOneFails) {
  const auto input = files_.make("in.csv", "text\na\n");
  files_.make("out.csv", "old");
  std::stop_source stop;
  stop.request_stop();
  const auto work = files_.spool();
  ASSERT_TRUE(work->ingest({input}, {}, {}));
  ASSERT_TRUE(work->declare_results({}));
  ASSERT_FALSE(work->write({files_.path("out.csv")}, false, stop.get_token()));
  EXPECT_EQ(files_.content("out.csv"), "old");
}

// A file system of 512 KB, gone with the test.
class SmallDisk {
 public:
  explicit SmallDisk(std::filesystem::path path) : path_(std::move(path)) {
    std::filesystem::create_directory(path_);
    mounted_ = ::mount("tmpfs", path_.c_str(), "tmpfs", 0, "size=512k") == 0;
  }
  ~SmallDisk() {
    if (mounted_) ::umount2(path_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  bool mounted() const { return mounted_; }

 private:
  std::filesystem::path path_;
  bool mounted_ = false;
};

TEST_F(SpoolBadInput, SaysThatTheDiskIsFull) {
  const SmallDisk disk(files_.path("small"));
  if (!disk.mounted()) GTEST_SKIP() << "cannot mount a small disk (not root?): the full disk is NOT tested";
  std::string rows = "text\n";
  for (int i = 0; i < 200'000; ++i) rows += "a row of some forty bytes, number " + std::to_string(i) + "\n";
  const auto input = files_.make("in.csv", rows);
  for (const char* name : {"small/out.csv", "small/out.parquet", "small/out.jsonl"}) {
    InputSpec spec{input};
    const auto written = files_.pass(spec, "text", {files_.path(name)}, 8192);
    ASSERT_FALSE(written) << name;
    EXPECT_EQ(written.error().code(), ErrorCode::kDiskFull) << written.error().message();
  }
  EXPECT_TRUE(std::filesystem::is_empty(files_.path("small")));
  auto inside = Spool::create(files_.path("small"), 8u << 20);
  if (inside) {
    const auto read = (*inside)->ingest({input}, {}, {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code(), ErrorCode::kDiskFull) << read.error().message();
    inside->reset();
  } else {
    EXPECT_EQ(inside.error().code(), ErrorCode::kDiskFull) << inside.error().message();
  }
  EXPECT_TRUE(std::filesystem::is_empty(files_.path("small")));
}

}  // namespace
}  // namespace zubr::formats
