<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Support;

/** A queue that counts. */
final class FakeQueue
{
    public int $pushed = 0;

    public function connection(): self
    {
        return $this;
    }

    public function push(object $job, string $data = '', ?string $queue = null): void
    {
        $this->pushed++;
    }
}
