<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

/** Travels while it is published. */
class Article extends Post
{
    public function shouldSync(): bool
    {
        return $this->published_at !== null;
    }
}
