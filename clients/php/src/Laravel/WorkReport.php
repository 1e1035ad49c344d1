<?php

declare(strict_types=1);

namespace Cognate\Laravel;

/** What a worker did. */
final class WorkReport
{
    public int $sent = 0;
    public int $received = 0;
    public int $events = 0;
    /** Files that have arrived, here or there. */
    public int $files = 0;
    /** Why nothing could be done; empty where nothing is the matter. */
    public string $obstacle = '';
    /** What went wrong last; empty where it has passed. */
    public string $error = '';
    /** @var list<string> syncs that the changed catalogue breaks or mends */
    public array $drifts = [];
}
