<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;

/** Its key is a text that every side keeps. */
class Session extends Model
{
    use Syncable;

    protected $table = 'sessions';
    protected $guarded = [];
    protected $keyType = 'string';
    public $incrementing = false;
    public $timestamps = false;

    public function syncReferences(): array
    {
        return ['user_id' => User::class];
    }
}
