<?php

declare(strict_types=1);

namespace Cognate\Laravel;

use Closure;
use Illuminate\Database\Connection;
use Illuminate\Database\MySqlConnection;
use PDO;

/** A transaction of the worker: where it and one of the application wait for each other it is this one that gives up, and soon. */
final class YieldingTransaction
{
    /**
     * @template T
     * @param Closure(): T $write
     * @return T
     */
    public static function run(Connection $connection, Closure $write): mixed
    {
        return match (true) {
            $connection instanceof MySqlConnection => self::onMySql($connection, $write),
            $connection->getDriverName() === 'pgsql' => self::onPostgres($connection, $write),
            default => $connection->transaction($write),
        };
    }

    /**
     * A statement that is prepared for one execution, as PDO does it here, takes three ways to the server and back. Within the
     * transaction each goes with its values in one.
     */
    private static function onPostgres(Connection $connection, Closure $write): mixed
    {
        $atOnce = defined('Pdo\Pgsql::ATTR_DISABLE_PREPARES') ? constant('Pdo\Pgsql::ATTR_DISABLE_PREPARES') : PDO::PGSQL_ATTR_DISABLE_PREPARES;
        $pdo = $connection->getPdo();
        $before = $pdo->getAttribute($atOnce);
        $pdo->setAttribute($atOnce, true);
        try {
            return $connection->transaction(static function () use ($connection, $write): mixed {
                // Before PostgreSQL looks for a deadlock, and ends either.
                $connection->statement("SET LOCAL lock_timeout = '300ms'");
                return $write();
            });
        } finally {
            $pdo->setAttribute($atOnce, $before);
        }
    }

    /**
     * What a transaction reads here by default is what was there when it first looked: it would lock a row as somebody has just edited it,
     * and not see that edit in the outbox. Nor may it lock gaps, in which the application adds rows.
     */
    private static function onMySql(Connection $connection, Closure $write): mixed
    {
        if ($connection->transactionLevel() > 0) {
            return $connection->transaction($write);
        }
        $connection->unprepared('SET @cognate_wait = @@innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = 1');
        try {
            $connection->unprepared('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
            return $connection->transaction($write);
        } finally {
            $connection->unprepared('SET SESSION innodb_lock_wait_timeout = @cognate_wait');
        }
    }
}
