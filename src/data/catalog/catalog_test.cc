#include "data/catalog/catalog.h"

#include "base/testing/result_matchers.h"
#include "base/testing/temp_dir.h"
#include "base/testing/test_environment.h"
#include "data/delta/commit/transaction.h"
#include "data/delta/commit/write.h"

namespace millpond::data {
namespace {

using ::testing::ElementsAre;
using testing::FailsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsOkAnd;
using ::testing::SizeIs;

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override { Reopen(); }

  void Reopen() {
    catalog_.reset();
    Workspace workspace{machine_.env,        "test", dir_.path(), dir_.path(), dir_ / "warehouse",
                        {dir_ / "elsewhere"}};
    auto opened = Catalog::Open(workspace);
    ASSERT_TRUE(opened.has_value()) << opened.error().ToString();
    catalog_ = *std::move(opened);
  }

  static CreateOptions OneColumn() {
    CreateOptions options;
    options.schema = *Schema::FromJson(R"({"type":"struct","fields":[
      {"name":"id","type":"long","nullable":true,"metadata":{}}]})");
    return options;
  }

  // A commit without rows, by a handle that the catalog knows nothing of.
  void CommitBehindTheCatalog(const std::string& path) {
    auto table = DeltaTable::Open(machine_.env, path);
    ASSERT_TRUE(table.has_value());
    auto transaction = Transaction::Begin(*table);
    ASSERT_TRUE(transaction.has_value());
    transaction->SetOperation("FOREIGN", {});
    MP_ASSERT_OK(transaction->Commit());
  }

  testing::TempDir dir_;
  testing::TestEnvironment machine_;
  std::unique_ptr<Catalog> catalog_;
};

TEST_F(CatalogTest, NamesAreWithoutRegardToCase) {
  MP_ASSERT_OK(catalog_->CreateTable({"main", "shop", "Orders"}, OneColumn(), false));
  MP_EXPECT_OK(catalog_->OpenTable({"main", "SHOP", "orders"}));
  EXPECT_THAT(catalog_->ListTables(), IsOkAnd(ElementsAre(TableName{"main", "shop", "orders"})));
  EXPECT_THAT(catalog_->CreateTable({"main", "shop", "ORDERS"}, OneColumn(), false),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("main.shop.orders")));
  MP_EXPECT_OK(catalog_->CreateTable({"main", "shop", "orders"}, OneColumn(), true));
}

TEST_F(CatalogTest, AMissingTableNamesNearOnes) {
  MP_ASSERT_OK(catalog_->CreateTable({"main", "shop", "orders"}, OneColumn(), false));
  EXPECT_THAT(catalog_->OpenTable({"main", "default", "order"}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("did you mean main.shop.orders?")));
  EXPECT_THAT(catalog_->CreateTable({"main", "shop", "../x"}, OneColumn(), false),
              FailsWith(ErrorKind::kInvalidArgument, HasSubstr("not a")));
}

TEST_F(CatalogTest, ALogWithoutACommitIsNoTable) {
  MP_ASSERT_OK(machine_.local->CreateDirectories(dir_ / "warehouse/main/shop/orders/_delta_log"));
  EXPECT_THAT(catalog_->TableExists({"main", "shop", "orders"}), IsOkAnd(false));
  EXPECT_THAT(catalog_->ListTables(), IsOkAnd(IsEmpty()));
  MP_ASSERT_OK(catalog_->CreateTable({"main", "shop", "orders"}, OneColumn(), true));
  EXPECT_THAT(catalog_->TableExists({"main", "shop", "orders"}), IsOkAnd(true));
}

TEST_F(CatalogTest, DroppedTablesAreGoneAndStayOnRecord) {
  TableName name{"main", "shop", "orders"};
  MP_ASSERT_OK(catalog_->CreateTable(name, OneColumn(), false));
  MP_ASSERT_OK(catalog_->DropTable(name));
  EXPECT_THAT(catalog_->TableExists(name), IsOkAnd(false));
  EXPECT_THAT(catalog_->commits().EventsSince(0), IsOkAnd(SizeIs(1)));
  EXPECT_THAT(catalog_->DropTable(name), FailsWith(ErrorKind::kNotFound, HasSubstr("no table")));
  MP_EXPECT_OK(catalog_->CreateTable(name, OneColumn(), false));
  EXPECT_THAT(catalog_->commits().EventsSince(0), IsOkAnd(SizeIs(2)));
}

TEST_F(CatalogTest, DroppedTablesComeBackForAWhile) {
  TableName name{"main", "shop", "orders"};
  MP_ASSERT_OK(catalog_->CreateTable(name, OneColumn(), false));
  CommitBehindTheCatalog(catalog_->TablePath(name));
  MP_ASSERT_OK(catalog_->DropTable(name));
  MP_ASSERT_OK(catalog_->CreateTable(name, OneColumn(), false));
  EXPECT_THAT(catalog_->UndropTable(name),
              FailsWith(ErrorKind::kAlreadyExists, HasSubstr("main.shop.orders again")));
  MP_ASSERT_OK(catalog_->DropTable(name, /*purge=*/true));
  MP_ASSERT_OK_AND_ASSIGN(auto back, catalog_->UndropTable(name));
  MP_ASSERT_OK_AND_ASSIGN(auto snapshot, back.Latest());
  EXPECT_EQ(snapshot->version(), 1);
  EXPECT_THAT(catalog_->UndropTable(name), FailsWith(ErrorKind::kNotFound, HasSubstr("nothing")));
}

TEST_F(CatalogTest, TheTrashIsEmptiedAfterAWhile) {
  TableName name{"main", "shop", "orders"};
  MP_ASSERT_OK(catalog_->CreateTable(name, OneColumn(), false));
  MP_ASSERT_OK(catalog_->DropTable(name));
  const std::string trash = dir_ / "warehouse/.trash/main.shop.orders";
  MP_ASSERT_OK_AND_ASSIGN(const auto entries, machine_.local->List(trash));
  ASSERT_THAT(entries, SizeIs(1));
  const Micros then = SystemClock().Now() - (kUndropDays + 1) * kMicrosPerDay;
  MP_ASSERT_OK(machine_.local->Rename(entries[0].path, fmt::format("{}/{}-0", trash, then)));
  Reopen();
  EXPECT_THAT(machine_.local->List(trash), IsOkAnd(IsEmpty()));
  EXPECT_THAT(catalog_->UndropTable(name), FailsWith(ErrorKind::kNotFound, HasSubstr("nothing")));
}

TEST_F(CatalogTest, ATableElsewhereKeepsItsDataWhenItsNameGoes) {
  TableName name{"main", "shop", "far"};
  const std::string path = dir_ / "elsewhere";
  MP_ASSERT_OK(DeltaTable::Create(machine_.env, path, OneColumn()));
  MP_ASSERT_OK(catalog_->RegisterTable(name, path));
  EXPECT_EQ(catalog_->TablePath(name), path);
  EXPECT_THAT(catalog_->ListTables(), IsOkAnd(SizeIs(1)));
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->OpenTable(name));
  MP_ASSERT_OK_AND_ASSIGN(auto transaction, Transaction::Begin(table));
  MP_ASSERT_OK(transaction.Commit());
  MP_ASSERT_OK_AND_ASSIGN(const auto events, catalog_->commits().EventsSince(0));
  ASSERT_THAT(events, SizeIs(2));
  EXPECT_EQ(events[1].table, name);
  MP_ASSERT_OK(catalog_->DropTable(name, /*purge=*/true));
  EXPECT_THAT(catalog_->ListTables(), IsOkAnd(IsEmpty()));
  MP_EXPECT_OK(DeltaTable::Open(machine_.env, path));
}

TEST_F(CatalogTest, CommitsOfOthersAreFoundInTheLog) {
  TableName name{"main", "default", "t"};
  MP_ASSERT_OK(catalog_->CreateTable(name, OneColumn(), false));
  CommitBehindTheCatalog(catalog_->TablePath(name));
  CommitBehindTheCatalog(catalog_->TablePath(name));
  EXPECT_THAT(catalog_->commits().EventsSince(0), IsOkAnd(SizeIs(1)));
  EXPECT_THAT(catalog_->commits().Reconcile(name), IsOkAnd(2));
  EXPECT_THAT(catalog_->commits().Reconcile(name), IsOkAnd(0));
  CommitBehindTheCatalog(catalog_->TablePath(name));
  Reopen();
  MP_ASSERT_OK_AND_ASSIGN(auto events, catalog_->commits().EventsSince(0));
  ASSERT_THAT(events, SizeIs(4));
  EXPECT_EQ(events[3].version, 3);
  EXPECT_EQ(events[3].operation, "FOREIGN");
}

TEST_F(CatalogTest, AForeignCommitBeforeAnOwnOneIsRecordedFirst) {
  TableName name{"main", "default", "t"};
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->CreateTable(name, OneColumn(), false));
  CommitBehindTheCatalog(catalog_->TablePath(name));
  MP_ASSERT_OK_AND_ASSIGN(auto transaction, Transaction::Begin(table));
  MP_ASSERT_OK(transaction.Commit());
  MP_ASSERT_OK_AND_ASSIGN(auto events, catalog_->commits().EventsSince(0));
  ASSERT_THAT(events, SizeIs(3));
  for (int64_t v = 0; v < 3; ++v) EXPECT_EQ(events[v].version, v);
}

class Counter : public CommitFeedListener {
 public:
  void OnCommit(const CommitRecord& record) override { versions.push_back(record.version); }
  std::vector<int64_t> versions;
};

TEST_F(CatalogTest, ListenersHearOfCommitsOnce) {
  Counter counter;
  catalog_->commits().Subscribe(&counter);
  TableName name{"main", "default", "t"};
  MP_ASSERT_OK_AND_ASSIGN(auto table, catalog_->CreateTable(name, OneColumn(), false));
  MP_ASSERT_OK_AND_ASSIGN(auto transaction, Transaction::Begin(table));
  MP_ASSERT_OK(transaction.Commit());
  MP_ASSERT_OK(catalog_->commits().Reconcile(name));
  EXPECT_THAT(counter.versions, ElementsAre(0, 1));
  catalog_->commits().Unsubscribe(&counter);
}

TEST_F(CatalogTest, LineageAndPinsOutliveTheProcess) {
  TableName name{"main", "default", "t"};
  MP_ASSERT_OK(catalog_->CreateTable(name, OneColumn(), false));
  LineageEdge edge{"file", "data", "table", "main.default.t", "flow t"};
  MP_ASSERT_OK(catalog_->RecordLineage({edge, edge}));
  MP_ASSERT_OK(catalog_->Pin({name, 0, "run 1", "training set"}));
  EXPECT_THAT(catalog_->Pin({name, 7, "run 1", ""}),
              FailsWith(ErrorKind::kNotFound, HasSubstr("7")));
  Reopen();
  EXPECT_THAT(catalog_->Lineage(), IsOkAnd(ElementsAre(edge)));
  MP_ASSERT_OK_AND_ASSIGN(auto pins, catalog_->Pins());
  ASSERT_THAT(pins, SizeIs(1));
  EXPECT_EQ(pins[0].holder, "run 1");
  MP_ASSERT_OK(catalog_->Unpin("run 1"));
  EXPECT_THAT(catalog_->Pins(), IsOkAnd(IsEmpty()));
}

TEST(TableNameTest, Parses) {
  EXPECT_THAT(ParseTableName("t"), IsOkAnd(TableName{"main", "default", "t"}));
  EXPECT_THAT(ParseTableName("s.t"), IsOkAnd(TableName{"main", "s", "t"}));
  EXPECT_THAT(ParseTableName("c.s.t"), IsOkAnd(TableName{"c", "s", "t"}));
  for (const char* text : {"", "a.b.c.d", "1a", "a-b", "a..b", "."}) {
    EXPECT_THAT(ParseTableName(text), FailsWith(ErrorKind::kInvalidArgument, HasSubstr("name")))
        << text;
  }
}

}  // namespace
}  // namespace millpond::data
