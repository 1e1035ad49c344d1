<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/**
 * One transaction around WordPress' functions, which pass over what the database says. So each statement's error is looked at here:
 * after a deadlock MySQL has undone everything so far, and whatever followed would stand alone.
 */
final class Transaction
{
    /** Seconds that it waits for a row which somebody edits; then it is this side that gives up. */
    private const WAIT = 2;
    /** What ends the transaction, or should: a statement of some plugin that never works is not among it. */
    private const FATAL = '/deadlock|lock wait timeout|gone away|lost connection|record has changed/i';
    private string $error = '';

    public function __construct(private readonly \wpdb $database)
    {
    }

    /**
     * @template T
     * @param \Closure(): T $write
     * @return T
     */
    public function run(\Closure $write): mixed
    {
        $this->error = '';
        $mark = bin2hex(random_bytes(8));
        $quiet = $this->database->suppress_errors(true);
        $watch = function (string $query): string {
            // Before each statement, `last_error` is that of the one before.
            $this->look();
            return $query;
        };
        $this->database->query('SET @cognate_wait = @@innodb_lock_wait_timeout, SESSION innodb_lock_wait_timeout = ' . self::WAIT);
        // What a transaction reads by default is what was there when it first looked: an edit that it waits for would go unseen.
        $this->database->query('SET TRANSACTION ISOLATION LEVEL READ COMMITTED');
        $this->database->query('START TRANSACTION');
        $this->database->query("SET @cognate_mark = '$mark'");
        add_filter('query', $watch, PHP_INT_MAX);
        try {
            $result = $write();
            $this->look();
            $same = $this->database->get_var('SELECT @cognate_mark') === $mark;
            if ($this->error !== '' || !$same) {
                // A connection that was lost and made anew has no transaction.
                throw new DatabaseFailed($this->error !== '' ? $this->error : 'the connection was lost in the middle');
            }
            remove_filter('query', $watch, PHP_INT_MAX);
            if ($this->database->query('COMMIT') === false) {
                throw new DatabaseFailed($this->database->last_error);
            }
            return $result;
        } catch (\Throwable $error) {
            remove_filter('query', $watch, PHP_INT_MAX);
            $this->database->query('ROLLBACK');
            throw $error;
        } finally {
            $this->database->query('SET SESSION innodb_lock_wait_timeout = IFNULL(@cognate_wait, 50)');
            $this->database->suppress_errors($quiet);
        }
    }

    private function look(): void
    {
        if ($this->error === '' && preg_match(self::FATAL, (string) $this->database->last_error) === 1) {
            $this->error = $this->database->last_error;
        }
    }

    /** @return list<string> tables of WordPress whose engine knows no transactions */
    public static function without(\wpdb $database): array
    {
        $names = array_values($database->tables('blog') + $database->tables('global'));
        $list = implode(', ', array_fill(0, count($names), '%s'));
        return $database->get_col($database->prepare("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND engine <> 'InnoDB' AND table_name IN ($list)", ...$names));
    }
}
