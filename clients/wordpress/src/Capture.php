<?php

declare(strict_types=1);

namespace Cognate\WordPress;

use Cognate\WordPress\Store\Outbox;

/** Marks records that change, in the request that changes them. Nothing here reaches the network, and nothing here ends a save. */
final class Capture
{
    /** WordPress writes a record in several steps: until the request is through, or has died for so long, it is not sent. */
    private const WAIT = 10.0;
    private const AGAIN = 5.0;
    /** @var array<string, array{string, string, float}> what this request has marked, and when */
    private array $marked = [];
    /** @var array<string, true> what is being delivered */
    private array $quiet = [];
    private bool $isOff = false;

    public function __construct(private readonly Outbox $outbox, private readonly \wpdb $database)
    {
    }

    public function mark(string $model, string|int $localId): void
    {
        $key = "$model\0$localId";
        if ($this->isOff || isset($this->quiet[$key]) || (string) $localId === '' || (string) $localId === '0') {
            return;
        }
        $now = microtime(true);
        if (isset($this->marked[$key]) && $now - $this->marked[$key][2] < self::AGAIN) {
            return;
        }
        $this->safely(fn () => $this->outbox->mark($model, (string) $localId, self::WAIT));
        $this->marked[$key] = [$model, (string) $localId, $now];
    }

    /** This request is through with what it has marked. @return bool whether there was anything */
    public function release(): bool
    {
        $marked = $this->marked;
        $this->marked = [];
        foreach ($marked as [$model, $localId]) {
            $this->safely(fn () => $this->outbox->release($model, $localId));
        }
        return $marked !== [];
    }

    /** After a rollback what was marked in the transaction is not. */
    public function forget(): void
    {
        $this->marked = [];
    }

    /**
     * Writes a delivery. Only its own record is left out: what plugins change of other records meanwhile are changes of this side.
     *
     * @template T
     * @param \Closure(): T $write
     * @return T
     */
    public function without(string $model, string $localId, \Closure $write): mixed
    {
        $key = "$model\0$localId";
        $this->quiet[$key] = true;
        try {
            return $write();
        } finally {
            unset($this->quiet[$key]);
        }
    }

    /**
     * A new record, whose id is not known before it is there.
     *
     * @param \Closure(): string $write its local id
     */
    public function withoutNew(string $model, \Closure $write): string
    {
        $before = $this->marked;
        $localId = $write();
        $key = "$model\0$localId";
        if (isset($this->marked[$key]) && !isset($before[$key])) {
            unset($this->marked[$key]);
            $row = $this->outbox->of($model, $localId);
            $row === null || $this->outbox->remove($row);
        }
        return $localId;
    }

    /**
     * @template T
     * @param \Closure(): T $write
     * @return T
     */
    public function off(\Closure $write): mixed
    {
        [$before, $this->isOff] = [$this->isOff, true];
        try {
            return $write();
        } finally {
            $this->isOff = $before;
        }
    }

    /** A save that cannot be captured is saved all the same; `push --all` finds it. */
    private function safely(\Closure $write): void
    {
        $quiet = $this->database->suppress_errors(true);
        // Whoever has just written asks the database object about it afterwards.
        $said = [$this->database->insert_id, $this->database->rows_affected, $this->database->last_error, $this->database->num_rows, $this->database->last_result];
        try {
            $write();
        } catch (\Throwable $error) {
            error_log('cognate: a change was not captured: ' . $error->getMessage());
        } finally {
            [$this->database->insert_id, $this->database->rows_affected, $this->database->last_error, $this->database->num_rows, $this->database->last_result] = $said;
            $this->database->suppress_errors($quiet);
        }
    }
}
