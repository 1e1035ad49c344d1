<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;

/** Belongs to a user or to a post. */
class Device extends Model
{
    use Syncable;

    protected $table = 'devices';
    protected $guarded = [];
    public $timestamps = false;

    public function syncMorphs(): array
    {
        return ['owner'];
    }
}
