<?php

declare(strict_types=1);

namespace Cognate\Tests\Laravel\Models;

use Cognate\Laravel\Syncable;
use Illuminate\Database\Eloquent\Model;
use Illuminate\Database\Eloquent\Relations\HasMany;
use Illuminate\Database\Eloquent\Relations\MorphMany;

class User extends Model
{
    use Syncable;

    protected $table = 'users';
    protected $guarded = [];
    protected $hidden = ['password'];
    protected $casts = ['active' => 'boolean', 'settings' => 'array'];

    public function getMorphClass(): string
    {
        return 'user';
    }

    public function posts(): HasMany
    {
        return $this->hasMany(Post::class);
    }

    public function devices(): MorphMany
    {
        return $this->morphMany(Device::class, 'owner');
    }
}
