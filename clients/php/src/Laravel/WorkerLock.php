<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/**
 * One worker at a time. The lock ends by itself when it is not renewed; a worker that died on this machine is seen at once. Two at a
 * time would do no harm, as the hub counts a change once and the inbox a delivery: they would only do the work twice.
 */
final class WorkerLock
{
    private const NAME = 'worker';
    public const SECONDS = 90;
    private readonly string $owner;

    public function __construct(private readonly Settings $settings)
    {
        $this->owner = gethostname() . ' ' . getmypid() . ' ' . bin2hex(random_bytes(6));
    }

    public function acquire(): bool
    {
        $table = fn () => $this->settings->connection()->table(Settings::TABLE);
        $table()->insertOrIgnore(['name' => self::NAME, 'expires' => 0]);
        $holder = $this->holder();
        $query = $table()->where('name', self::NAME)->where(function ($query) use ($holder): void {
            $query->where('expires', '<', time())->orWhereNull('value');
            if ($holder !== null && ($holder === $this->owner || $this->isDead($holder))) {
                $query->orWhere('value', $holder);
            }
        });
        return $query->update(['value' => $this->owner, 'expires' => time() + self::SECONDS]) === 1;
    }

    /** False: somebody else has it now. */
    public function renew(): bool
    {
        return $this->settings->connection()->table(Settings::TABLE)->where('name', self::NAME)->where('value', $this->owner)
            ->update(['expires' => time() + self::SECONDS]) === 1;
    }

    public function release(): void
    {
        $this->settings->connection()->table(Settings::TABLE)->where('name', self::NAME)->where('value', $this->owner)
            ->update(['value' => null, 'expires' => 0]);
    }

    /** `host pid word` of whoever has it; null: nobody. */
    public function holder(): ?string
    {
        return $this->settings->get(self::NAME);
    }

    private function isDead(string $holder): bool
    {
        [$host, $pid] = explode(' ', $holder) + ['', '0'];
        if ($host !== gethostname() || (int) $pid <= 0) {
            return false;
        }
        if (is_dir('/proc/self')) {
            return !is_dir("/proc/$pid");
        }
        return function_exists('posix_kill') && !posix_kill((int) $pid, 0);
    }
}
