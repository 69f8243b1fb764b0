// Package store is the database: transactions, typed collections of resources,
// migrations and notices, on SQLite or on PostgreSQL.
package store
