// The catalog's tables in meta.db (component "catalog"), migration by migration.
#pragma once

#include <string>
#include <vector>

namespace millpond::data {

inline std::vector<std::string> CatalogMigrations() {
  return {R"(
    CREATE TABLE commits (
      position INTEGER PRIMARY KEY AUTOINCREMENT, table_id TEXT NOT NULL,
      catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL,
      version INTEGER NOT NULL, commit_time INTEGER NOT NULL, operation TEXT NOT NULL,
      UNIQUE (table_id, version));
    CREATE TABLE lineage (
      from_kind TEXT NOT NULL, from_name TEXT NOT NULL, to_kind TEXT NOT NULL,
      to_name TEXT NOT NULL, via TEXT NOT NULL,
      PRIMARY KEY (from_kind, from_name, to_kind, to_name, via)) WITHOUT ROWID;
    CREATE TABLE pins (
      table_id TEXT NOT NULL, catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL,
      version INTEGER NOT NULL, holder TEXT NOT NULL, reason TEXT NOT NULL, since INTEGER NOT NULL,
      PRIMARY KEY (table_id, version, holder)) WITHOUT ROWID;
  )"};
}

}  // namespace millpond::data
