<?php

declare(strict_types=1);

namespace Cognate\WordPress;

/** What a worker did. */
final class WorkReport
{
    public int $sent = 0;
    public int $received = 0;
    public int $files = 0;
    /** Why nothing could be done, or received. */
    public string $obstacle = '';
    /** What went wrong last; empty where it has passed. */
    public string $error = '';
    /** @var list<string> syncs that the changed catalogue breaks or mends */
    public array $drifts = [];
}
