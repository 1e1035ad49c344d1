<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

/** An author whose signature is a file that no column names. */
class StoredElsewhere extends Author
{
    public function syncFiles(): array
    {
        return [];
    }
}
