<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/**
 * One worker at a time. The database holds the lock for the connection, so whoever dies has let go of it. Two at a time would do no harm:
 * the hub counts a change once, the inbox a delivery. They would only do the work twice.
 */
final class WorkerLock
{
    private readonly string $name;

    public function __construct(private readonly \wpdb $database)
    {
        $this->name = 'cognate_' . substr(md5(DB_NAME . "\0" . $database->prefix), 0, 16);
    }

    public function acquire(): bool
    {
        return $this->database->get_var($this->database->prepare('SELECT GET_LOCK(%s, 0)', $this->name)) === '1';
    }

    /** False: the connection was lost, and the lock with it. */
    public function keeps(): bool
    {
        return $this->database->get_var($this->database->prepare('SELECT IS_USED_LOCK(%s) = CONNECTION_ID()', $this->name)) === '1';
    }

    public function isTaken(): bool
    {
        return $this->database->get_var($this->database->prepare('SELECT IS_FREE_LOCK(%s)', $this->name)) === '0';
    }

    public function release(): void
    {
        $this->database->query($this->database->prepare('SELECT RELEASE_LOCK(%s)', $this->name));
    }
}
