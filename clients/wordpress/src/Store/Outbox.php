<?php

declare(strict_types=1);

namespace Cognate\WordPress\Store;

/**
 * Which records have changed here: one row a record, however many hooks it went through. What is sent is the record as it is when it is
 * sent, so a row costs a save next to nothing.
 */
final class Outbox
{
    private readonly string $table;

    public function __construct(private readonly \wpdb $database)
    {
        $this->table = $database->prefix . Tables::OUTBOX;
    }

    /**
     * @param float $after seconds until it may be sent: WordPress writes a record's metadata after the record
     */
    public function mark(string $model, string $localId, float $after = 0.0): void
    {
        $now = self::micros();
        $this->run(
            "INSERT INTO `$this->table` (model, local_id, token, source_time, ready_time) VALUES (%s, %s, %s, %d, %d)
             ON DUPLICATE KEY UPDATE token = VALUES(token), source_time = VALUES(source_time), ready_time = VALUES(ready_time), error = NULL",
            $model,
            $localId,
            self::token(),
            $now,
            $now + (int) ($after * 1_000_000),
        );
    }

    /** The request that changed it is through with it. */
    public function release(string $model, string $localId): void
    {
        $this->run("UPDATE `$this->table` SET ready_time = 0, token = %s WHERE model = %s AND local_id = %s", self::token(), $model, $localId);
    }

    /**
     * @return list<OutboxRow> the oldest that are ready and that nobody has refused
     */
    public function oldest(int $limit, int $afterId = 0): array
    {
        return $this->rows("SELECT * FROM `$this->table` WHERE id > %d AND error IS NULL AND ready_time <= %d ORDER BY id LIMIT %d", $afterId, self::micros(), $limit);
    }

    /** Under the lock of the transaction: what is marked right now is waited for. */
    public function of(string $model, string $localId): ?OutboxRow
    {
        return $this->rows("SELECT * FROM `$this->table` WHERE model = %s AND local_id = %s FOR UPDATE", $model, $localId)[0] ?? null;
    }

    /** Removes a row as it was read: what has been marked anew since then stays. */
    public function remove(OutboxRow $row): void
    {
        $this->run("DELETE FROM `$this->table` WHERE id = %d AND token = %s", $row->id, $row->token);
    }

    public function refuse(OutboxRow $row, string $error): void
    {
        $this->run("UPDATE `$this->table` SET error = %s WHERE id = %d AND token = %s", mb_substr($error, 0, 1000), $row->id, $row->token);
    }

    /** @return list<OutboxRow> */
    public function refused(int $limit = 100): array
    {
        return $this->rows("SELECT * FROM `$this->table` WHERE error IS NOT NULL ORDER BY id LIMIT %d", $limit);
    }

    /** What was refused is tried once more. */
    public function retry(): int
    {
        return $this->run("UPDATE `$this->table` SET error = NULL, token = %s WHERE error IS NOT NULL", self::token());
    }

    /** @return array{pending: int, refused: int, oldest: float|null} `oldest`: seconds that the oldest one waits */
    public function count(): array
    {
        $counts = $this->database->get_row("SELECT SUM(error IS NULL) AS pending, SUM(error IS NOT NULL) AS refused, MIN(IF(error IS NULL, source_time, NULL)) AS oldest FROM `$this->table`");
        $oldest = $counts?->oldest;
        return [
            'pending' => (int) $counts?->pending,
            'refused' => (int) $counts?->refused,
            'oldest' => $oldest === null ? null : (self::micros() - (int) $oldest) / 1_000_000,
        ];
    }

    private function run(string $statement, mixed ...$values): int
    {
        $changed = $this->database->query($this->database->prepare($statement, ...$values));
        if ($changed === false) {
            throw new DatabaseFailed($this->database->last_error);
        }
        return (int) $changed;
    }

    /** @return list<OutboxRow> */
    private function rows(string $statement, mixed ...$values): array
    {
        return array_map([OutboxRow::class, 'of'], DatabaseFailed::check($this->database, $this->database->get_results($this->database->prepare($statement, ...$values))));
    }

    private static function micros(): int
    {
        return (int) (microtime(true) * 1_000_000);
    }

    private static function token(): string
    {
        return bin2hex(random_bytes(16));
    }
}
